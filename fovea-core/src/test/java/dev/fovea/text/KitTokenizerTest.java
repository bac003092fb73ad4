package dev.fovea.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The prompts and answers of the parity kit, by the tokenizer of each of its checkpoints. */
class KitTokenizerTest {

    /** What Florence-2's processor adds to the tokenizer of Microsoft's layout. */
    static final List<AddedToken> FLORENCE2 = Stream.of(
                    Stream.of("<od>", "</od>", "<ocr>", "</ocr>"),
                    IntStream.range(0, 1000).mapToObj(i -> "<loc_" + i + ">"),
                    Stream.of(
                            "<cap>", "</cap>", "<ncap>", "</ncap>", "<dcap>", "</dcap>", "<grounding>", "</grounding>"),
                    Stream.of("<seg>", "</seg>", "<sep>", "<region_cap>", "</region_cap>", "<region_to_desciption>"),
                    Stream.of("</region_to_desciption>", "<proposal>", "</proposal>", "<poly>", "</poly>", "<and>"))
            .flatMap(s -> s)
            .map(AddedToken::special)
            .toList();

    private static final Set<String> REPEATED =
            Set.of("<|image_pad|>", "<|video_pad|>", "<image_soft_token>", "<image>", "<pad>", "<|endoftext|>");

    static Tokenizer open(Path variant) {
        boolean microsoft = variant.toString().contains("microsoft");
        return Tokenizer.open(variant.resolve("checkpoint"), microsoft ? FLORENCE2 : List.of());
    }

    @TestFactory
    Stream<DynamicTest> promptsAreEncodedAsTheReferenceDoes() {
        return each((tokenizer, c) -> {
            List<String> prompts = strings(c.get("prompt"));
            List<int[]> ids = rows(c.get("input_ids"));
            for (int row = 0; row < prompts.size(); row++) {
                String prompt = prompts.get(row);
                if (isCropsOfSeveralPictures(prompt, ids.get(row), tokenizer)) {
                    continue;
                }
                boolean startsWithBos =
                        tokenizer.bosToken().filter(prompt::startsWith).isPresent();
                int[] actual = tokenizer.encode(withPictures(prompt, ids.get(row), tokenizer), !startsWithBos);
                assertThat(withoutRuns(actual, tokenizer)).isEqualTo(withoutRuns(ids.get(row), tokenizer));
            }
            return prompts.size();
        });
    }

    @TestFactory
    Stream<DynamicTest> answersAreDecodedAsTheReferenceDoes() {
        return each((tokenizer, c) -> {
            List<int[]> ids = rows(c.get("output_ids"));
            for (int row = 0; row < ids.size(); row++) {
                assertThat(tokenizer.decode(ids.get(row), true))
                        .isEqualTo(strings(c.get("output_text")).get(row));
                assertThat(tokenizer.decode(ids.get(row), false))
                        .isEqualTo(strings(c.get("output_text_raw")).get(row));
            }
            return ids.size();
        });
    }

    @TestFactory
    Stream<DynamicTest> streamsAddUpToTheWhole() {
        return each((tokenizer, c) -> {
            List<int[]> rows = new ArrayList<>(rows(c.get("output_ids")));
            Random random = new Random(rows.size());
            rows.add(random.ints(200, -1, tokenizer.size() + 2).toArray());
            for (int[] ids : rows) {
                for (boolean skip : new boolean[] {true, false}) {
                    assertThat(streamed(tokenizer.stream(skip), ids)).isEqualTo(tokenizer.decode(ids, skip));
                }
            }
            return rows.size();
        });
    }

    @TestFactory
    Stream<DynamicTest> vocabAndMergesAloneGiveTheSameTokenizer(@TempDir Path temp) {
        return Resources.kit().stream()
                .filter(v -> Files.isRegularFile(v.resolve("checkpoint/merges.txt")))
                .map(variant -> DynamicTest.dynamicTest(name(variant), () -> {
                    Path copy = Files.createDirectory(temp.resolve(name(variant).replace('/', '-')));
                    try (Stream<Path> files = Files.list(variant.resolve("checkpoint"))) {
                        for (Path file :
                                files.filter(f -> !f.endsWith("tokenizer.json")).toList()) {
                            Files.copy(file, copy.resolve(file.getFileName()));
                        }
                    }
                    try (Tokenizer whole = open(variant);
                            Tokenizer built = Tokenizer.open(copy)) {
                        assertThat(built.size()).isEqualTo(whole.size());
                        for (int id = 0; id < whole.size(); id++) {
                            assertThat(built.piece(id)).isEqualTo(whole.piece(id));
                            assertThat(built.isSpecial(id)).as(built.piece(id)).isEqualTo(whole.isSpecial(id));
                        }
                        for (Map<String, @Nullable Object> c : Resources.cases(variant)) {
                            for (String prompt : strings(c.get("prompt"))) {
                                assertThat(built.encode(prompt, true)).isEqualTo(whole.encode(prompt, true));
                            }
                        }
                    }
                }));
    }

    static String streamed(StreamingDetokenizer stream, int[] ids) {
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            String piece = stream.add(id);
            assertThat(piece).doesNotMatch("(?s).*[\\ud800-\\udbff]");
            text.append(piece);
        }
        return text.append(stream.flush()).toString();
    }

    private interface Check {
        int rows(Tokenizer tokenizer, Map<String, @Nullable Object> c);
    }

    private static Stream<DynamicTest> each(Check check) {
        return Resources.kit().stream()
                .map(variant -> DynamicTest.dynamicTest(name(variant), () -> {
                    int rows = 0;
                    try (Tokenizer tokenizer = open(variant)) {
                        for (Map<String, @Nullable Object> c : Resources.cases(variant)) {
                            rows += check.rows(tokenizer, c);
                        }
                    }
                    assertThat(rows).isPositive();
                }));
    }

    /** Which crops belong to which picture is the processor's to say, and its tests'. */
    private static boolean isCropsOfSeveralPictures(String prompt, int[] ids, Tokenizer tokenizer) {
        int inPrompt = prompt.split("<start_of_image>", -1).length - 1;
        return inPrompt > 1
                && inPrompt != count(ids, tokenizer.id("<start_of_image>").orElseThrow());
    }

    private static int count(int[] ids, int wanted) {
        return (int) Arrays.stream(ids).filter(i -> i == wanted).count();
    }

    /** Gemma 3's processor writes pictures out as text; how many crops a picture has is seen in the reference's ids. */
    private static String withPictures(String prompt, int[] ids, Tokenizer tokenizer) {
        String begin = "<start_of_image>";
        if (!prompt.contains(begin)) {
            return prompt;
        }
        int pictures = count(ids, tokenizer.id(begin).orElseThrow());
        String picture = "\n\n" + begin + "<image_soft_token><end_of_image>\n\n";
        if (prompt.split(begin, -1).length - 1 == pictures) {
            return prompt.replace(begin, picture);
        }
        return prompt.replace(
                begin,
                "Here is the original image " + picture + " and here are some crops to help you see better "
                        + String.join(" ", java.util.Collections.nCopies(pictures - 1, picture)));
    }

    /** Each run of placeholders as one; without what processors put in front of the text, and without padding. */
    private static int[] withoutRuns(int[] ids, Tokenizer tokenizer) {
        IntStream.Builder kept = IntStream.builder();
        for (int i = 0; i < ids.length; i++) {
            String piece = tokenizer.piece(ids[i]);
            boolean dropped =
                    piece.equals("<image>") || piece.equals(tokenizer.padToken().orElse(""));
            boolean repeated = i > 0 && ids[i] == ids[i - 1] && REPEATED.contains(piece);
            if (!dropped && !repeated) {
                kept.add(ids[i]);
            }
        }
        return kept.build().toArray();
    }

    private static List<String> strings(@Nullable Object value) {
        return value == null
                ? List.of()
                : value instanceof List<?> list
                        ? list.stream().map(String::valueOf).toList()
                        : List.of((String) value);
    }

    private static List<int[]> rows(@Nullable Object value) {
        if (value instanceof List<?> list && !list.isEmpty() && list.getFirst() instanceof List<?>) {
            return list.stream().map(Resources::ints).toList();
        }
        return value == null ? List.of() : List.of(Resources.ints(value));
    }

    private static String name(Path variant) {
        return variant.getParent().getFileName() + "/" + variant.getFileName();
    }
}
