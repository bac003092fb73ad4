package dev.fovea.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.io.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * The own tokenizer against Hugging Face's library on texts that nobody wrote: ids with and without special tokens, and texts of
 * random ids. {@code ./test -Dslow -pl fovea-core -Dtest=TokenizerSweepTest} takes fifty times as many.
 */
class TokenizerSweepTest {
    private static final long SEED = Long.getLong("fovea.test.seed", 18);

    /** Words and signs that tokenizers treat in ways of their own. */
    private static final List<String> FRAGMENTS = List.of(
            "the",
            " star",
            "'s",
            "'S",
            "'ll",
            "'LL",
            "'\u017F",
            "I'm",
            " \u2581",
            "\u2581\u2581",
            "\n",
            "\n\n",
            "\r\n",
            "\t",
            "  ",
            "   ",
            "\u00A0",
            "\u3000",
            "\u0085",
            "\u200B",
            "\u200D",
            "\uFEFF",
            "123",
            "\u00BD",
            "\u0663",
            "\u216B",
            "e\u0301",
            "A\u030A",
            "\u1100\u1161\u11A8",
            "\u0F71\u0F72",
            "\uD834\uDD5E",
            "\u2126",
            "\uFB01",
            "\u00DF",
            "\u0130",
            "\u4E16\u754C",
            "\u3042",
            "\u0E01\u0E33",
            "\u0928\u0947",
            "\u05D0\u05B8",
            "\uD83D\uDE00",
            "\uD83D\uDC68\u200D\uD83D\uDC69",
            "<0x0A>",
            "<",
            ">",
            "</",
            "<|",
            "|>",
            "!!!",
            "...",
            "_",
            "-",
            "#",
            "\u0000",
            "\u007F",
            "\uFFFD");

    @TempDir
    Path temp;

    @TestFactory
    Stream<DynamicTest> isTheLibrary() {
        return tokenizers().map(file -> DynamicTest.dynamicTest(file.toString(), () -> compare(file, 400)));
    }

    @TestFactory
    @Tag("slow")
    Stream<DynamicTest> isTheLibraryOnManyTexts() {
        return tokenizers().map(file -> DynamicTest.dynamicTest(file.toString(), () -> compare(file, 20_000)));
    }

    /** One of each kind in the parity kit, and the published ones; a real one of Gemma where there is one. */
    private Stream<Path> tokenizers() {
        Stream<Path> kit = Stream.of(
                        "qwen2_5_vl/base",
                        "llava_onevision1_5/small",
                        "blip2/opt-calm",
                        "gemma3/base",
                        "florence2/microsoft-bin",
                        "florence2/native")
                .map(name -> Resources.path("oracle/" + name + "/checkpoint"));
        Stream<Path> published = Stream.of("qwen3", "florence-2", "florence-2-saved")
                .map(name -> {
                    try {
                        return Resources.tokenizer(name, Files.createTempDirectory(temp, name));
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                });
        String gemma = System.getProperty("fovea.test.gemma3");
        return Stream.of(kit, published, Stream.ofNullable(gemma).map(Path::of))
                .flatMap(s -> s)
                .map(folder -> folder.resolve("tokenizer.json"));
    }

    private void compare(Path file, int texts) throws IOException {
        Path alone = Files.createTempDirectory(temp, "alone");
        Files.copy(file, alone.resolve("tokenizer.json"));
        try (Tokenizer own = Tokenizer.open(alone);
                var library = new LibraryTokenizer(Files.readString(file))) {
            Random random = new Random(SEED);
            List<String> fragments = new ArrayList<>(FRAGMENTS);
            own.addedTokens().stream().limit(300).map(AddedToken::content).forEach(fragments::add);
            for (int i = 0; i < texts; i++) {
                String text = text(random, fragments);
                int[] ids = own.encode(text, true);
                assertThat(ids).as(Json.write(text)).isEqualTo(library.encode(text, true));
                assertThat(own.encode(text, false)).as(Json.write(text)).isEqualTo(library.encode(text, false));
                int[] any = random.ints(random.nextInt(30), 0, own.size() + 3).toArray();
                for (boolean skip : new boolean[] {true, false}) {
                    assertThat(own.decode(any, skip)).as(Arrays.toString(any)).isEqualTo(library.decode(any, skip));
                    assertThat(own.decode(ids, skip)).isEqualTo(library.decode(ids, skip));
                }
            }
        }
    }

    private static String text(Random random, List<String> fragments) {
        return IntStream.range(0, random.nextInt(40))
                .mapToObj(i -> switch (random.nextInt(5)) {
                    case 0 -> Character.toString(codePoint(random, 0x110000));
                    case 1 -> Character.toString(codePoint(random, 0x3000));
                    case 2 -> fragments.get(random.nextInt(fragments.size())).repeat(1 + random.nextInt(3));
                    case 3 -> String.valueOf((char) (' ' + random.nextInt(95)));
                    default -> fragments.get(random.nextInt(fragments.size()));
                })
                .collect(Collectors.joining());
    }

    private static int codePoint(Random random, int bound) {
        int c = random.nextInt(bound);
        return c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 'x' : c;
    }
}
