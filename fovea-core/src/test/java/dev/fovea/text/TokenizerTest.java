package dev.fovea.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.ClosedException;
import dev.fovea.error.InputException;
import dev.fovea.io.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The published tokenizers against recorded ids, and what goes wrong with broken ones. */
class TokenizerTest {
    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"qwen2.5-vl", "qwen3", "florence-2", "florence-2-saved"})
    void agreesWithTheRecordedIds(String name) throws IOException {
        agreesWithTheRecordedIds(name, Resources.tokenizer(name, directory));
    }

    /** Google's terms do not allow a copy among these files: {@code -Dfovea.test.gemma3=DIR} names one. */
    @Test
    @EnabledIfSystemProperty(named = "fovea.test.gemma3", matches = ".+")
    void agreesWithTheRecordedIdsOfGemma() throws IOException {
        agreesWithTheRecordedIds("gemma3", Path.of(System.getProperty("fovea.test.gemma3")));
    }

    private static void agreesWithTheRecordedIds(String name, Path from) throws IOException {
        try (Tokenizer tokenizer = Tokenizer.open(from);
                Stream<String> lines = Files.lines(Resources.path("golden/tokenizers-hf-rust.jsonl"))) {
            List<Map<String, @Nullable Object>> rows = lines.map(l -> Json.object(Json.parse(l, "a row"), "a row"))
                    .filter(r -> name.equals(r.get("tokenizer")))
                    .toList();
            assertThat(rows).hasSize(87);
            for (Map<String, @Nullable Object> row : rows) {
                String text = String.valueOf(row.get("text"));
                Object bare = row.get("ids_no_special");
                Object wrapped = row.get("ids");
                int[] ids = Resources.ints(bare != null ? bare : wrapped);
                assertThat(tokenizer.encode(text, false)).as(text).isEqualTo(ids);
                assertThat(tokenizer.encode(text, true))
                        .as(text)
                        .isEqualTo(Resources.ints(wrapped != null ? wrapped : bare));
                for (boolean skip : new boolean[] {false, true}) {
                    Object decoded = row.get(skip ? "decoded_skip_special" : "decoded");
                    assertThat(tokenizer.decode(ids, skip)).isEqualTo(decoded);
                    assertThat(KitTokenizerTest.streamed(tokenizer.stream(skip), ids))
                            .isEqualTo(decoded);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"gpt2, gpt-2", "bart-opt, roberta-bpe", "qwen2.5-vl, qwen2"})
    void buildsTheTokenizerOfVocabAndMerges(String name, String golden) throws IOException {
        Resources.tokenizer(name, directory);
        if (name.equals("gpt2")) {
            Files.move(directory.resolve("encoder.json"), directory.resolve("vocab.json"));
            Path bart = Files.createDirectory(directory.resolve("bart"));
            Files.move(Resources.tokenizer("bart-opt", bart).resolve("merges.txt"), directory.resolve("merges.txt"));
        }
        String[] texts = Files.readString(Resources.path("golden/llama.cpp/ggml-vocab-" + golden + ".gguf.inp"))
                .split("\n__ggml_vocab_test__\n", -1);
        List<String> ids = Files.readAllLines(Resources.path("golden/llama.cpp/ggml-vocab-" + golden + ".gguf.out"));
        assertThat(ids).hasSize(46);
        try (Tokenizer tokenizer = Tokenizer.open(directory)) {
            for (int i = 0; i < ids.size(); i++) {
                int[] expected = Arrays.stream(ids.get(i).trim().split(" "))
                        .filter(s -> !s.isEmpty())
                        .mapToInt(Integer::parseInt)
                        .toArray();
                assertThat(tokenizer.encode(texts[i], false)).as(texts[i]).isEqualTo(expected);
            }
        }
    }

    @Test
    void streamsAnyBytesOfAByteLevelVocabulary() {
        try (Tokenizer tokenizer = Tokenizer.open(Resources.path("oracle/qwen2_5_vl/base/checkpoint"))) {
            Random random = new Random(7);
            for (int run = 0; run < 300; run++) {
                int[] ids = random.ints(40, 0, 256).toArray();
                assertThat(KitTokenizerTest.streamed(tokenizer.stream(true), ids))
                        .isEqualTo(tokenizer.decode(ids, true));
            }
        }
    }

    @Test
    void streamsAnyRunOfBytesOfASentencePieceVocabulary() {
        try (Tokenizer tokenizer = Tokenizer.open(Resources.path("oracle/gemma3/base/checkpoint"))) {
            int first = tokenizer.id("<0x00>").orElseThrow();
            Random random = new Random(7);
            for (int run = 0; run < 300; run++) {
                int[] ids = IntStream.range(0, 40)
                        .map(i ->
                                random.nextInt(4) == 0 ? random.nextInt(tokenizer.size()) : first + random.nextInt(256))
                        .toArray();
                assertThat(KitTokenizerTest.streamed(tokenizer.stream(true), ids))
                        .isEqualTo(tokenizer.decode(ids, true));
            }
            int[] euro = {
                first + 0xE2, first + 0x82, first + 0xAC, tokenizer.id("a").orElseThrow()
            };
            StreamingDetokenizer stream = tokenizer.stream(true);
            assertThat(Arrays.stream(euro).mapToObj(stream::add)).containsExactly("", "", "", "€a");
        }
    }

    @Test
    void showsNothingOfACharacterBeforeItIsComplete() {
        try (Tokenizer tokenizer = Tokenizer.open(Resources.path("oracle/qwen2_5_vl/base/checkpoint"))) {
            int[] ids = "âĤ¬a"
                    .chars()
                    .map(c -> tokenizer.id(String.valueOf((char) c)).orElseThrow())
                    .toArray();
            StreamingDetokenizer stream = tokenizer.stream(true);
            assertThat(Arrays.stream(ids).mapToObj(stream::add)).containsExactly("", "", "€", "a");
            stream.add(ids[0]);
            assertThat(stream.flush()).isEqualTo("\uFFFD");
        }
    }

    @Test
    void cleansUpStreamsAsItCleansUpTexts() throws IOException {
        Path kit = Resources.path("oracle/qwen2_5_vl/base/checkpoint");
        Files.copy(kit.resolve("tokenizer.json"), directory.resolve("tokenizer.json"));
        Files.writeString(
                directory.resolve("tokenizer_config.json"),
                "{\"clean_up_tokenization_spaces\": true,"
                        + " \"clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output\": true}");
        try (Tokenizer tokenizer = Tokenizer.open(directory)) {
            int[] ids = tokenizer.encode("It 's n't , is it ? I 'm , you 've  . 't was", false);
            assertThat(tokenizer.decode(ids, true)).isEqualTo("It'sn't, is it? I'm, you've . 't was");
            assertThat(tokenizer.decode(ids, true, false)).contains("It 's n't");
            Random random = new Random(3);
            for (int run = 0; run < 2000; run++) {
                String text = random.ints(12, 0, 12)
                        .mapToObj(i -> " '.?nmsvret".substring(Math.max(0, i - 1), Math.max(1, i)))
                        .reduce("", String::concat);
                int[] characters = tokenizer.encode(text, false);
                assertThat(KitTokenizerTest.streamed(tokenizer.stream(true), characters))
                        .isEqualTo(tokenizer.decode(characters, true));
            }
        }
    }

    @Test
    void takesAnyText() {
        try (Tokenizer tokenizer = Tokenizer.open(Resources.path("oracle/qwen2_5_vl/base/checkpoint"))) {
            String text = "nul \u0000, a face \uD83D\uDE00, \u202E";
            assertThat(tokenizer.decode(tokenizer.encode(text, false), false)).isEqualTo(text);
            String halves = "\uD83D\uDE00 \uDE00 \uD83D";
            assertThat(tokenizer.decode(tokenizer.encode(halves, false), false))
                    .isEqualTo("\uD83D\uDE00 \uFFFD \uFFFD");
            assertThat(tokenizer.encode("a".repeat(5000), false)).hasSizeGreaterThan(600);
        }
    }

    @Test
    void dropsIdsThatItLacks() {
        try (Tokenizer tokenizer = Tokenizer.open(Resources.path("oracle/qwen2_5_vl/base/checkpoint"))) {
            int[] ids = {-1, tokenizer.size(), Integer.MAX_VALUE, 40};
            assertThat(tokenizer.decode(ids, false)).isEqualTo(tokenizer.piece(40));
            assertThat(tokenizer.piece(-1)).isEmpty();
            assertThat(tokenizer.piece(tokenizer.size())).isEmpty();
            assertThat(tokenizer.isSpecial(-1)).isFalse();
        }
    }

    @Test
    void addsTokensFromItsSizeUp() {
        Path kit = Resources.path("oracle/florence2/microsoft-bin/checkpoint");
        List<AddedToken> extra =
                List.of(AddedToken.special("<s>"), AddedToken.special("<od>"), AddedToken.special("</od>"));
        try (Tokenizer plain = Tokenizer.open(kit);
                Tokenizer extended = Tokenizer.open(kit, extra)) {
            assertThat(plain.id("<od>")).isEmpty();
            assertThat(extended.id("<s>")).isEqualTo(plain.id("<s>"));
            assertThat(extended.id("<od>")).hasValue(plain.size());
            assertThat(extended.id("</od>")).hasValue(plain.size() + 1);
            assertThat(extended.size()).isEqualTo(plain.size() + 2);
            assertThat(extended.isSpecial(plain.size())).isTrue();
            assertThat(extended.encode("<od>", false)).containsExactly(plain.size());
        }
    }

    @Test
    void namesTheSpecialTokens() {
        try (Tokenizer gemma = Tokenizer.open(Resources.path("oracle/gemma3/base/checkpoint"));
                Tokenizer qwen = Tokenizer.open(Resources.path("oracle/qwen2_5_vl/base/checkpoint"));
                Tokenizer florence = Tokenizer.open(Resources.path("oracle/florence2/microsoft-bin/checkpoint"))) {
            assertThat(gemma.bosToken()).hasValue("<bos>");
            assertThat(gemma.templateVariables())
                    .containsEntry("bos_token", "<bos>")
                    .containsEntry("image_token", "<image_soft_token>");
            assertThat(qwen.bosToken()).isEmpty();
            assertThat(qwen.eosToken()).hasValue("<|im_end|>");
            assertThat(qwen.templateVariables()).doesNotContainKey("bos_token");
            assertThat(florence.bosToken()).hasValue("<s>");
            assertThat(florence.eosToken()).hasValue("</s>");
            assertThat(florence.padToken()).hasValue("<pad>");
            assertThat(florence.unkToken()).hasValue("<unk>");
        }
    }

    @Test
    void namesTheFileAndTheReasonWhereItIsBroken() throws IOException {
        Path file = directory.resolve("tokenizer.json");
        Files.writeString(file, "{\"model\": ");
        assertThatThrownBy(() -> Tokenizer.open(directory))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("tokenizer.json")
                .hasMessageContaining("JSON");
        Files.writeString(file, "{\"model\": {\"type\": \"Nonsense\", \"vocab\": {}, \"merges\": []}}");
        assertThatThrownBy(() -> Tokenizer.open(directory))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("tokenizer.json")
                .hasMessageContaining("the model Nonsense");
        Files.writeString(file, "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": -1}, \"merges\": []}}");
        assertThatThrownBy(() -> Tokenizer.open(directory))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("-1");
        Files.delete(file);
        assertThatThrownBy(() -> Tokenizer.open(directory))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("vocab.json")
                .satisfies(e -> assertThat(((InputException) e).hint()).contains("save_pretrained"));
    }

    @Test
    void isOfNoUseOnceClosed() {
        Tokenizer tokenizer = Tokenizer.open(Resources.path("oracle/qwen2_5_vl/base/checkpoint"));
        tokenizer.close();
        tokenizer.close();
        assertThatThrownBy(() -> tokenizer.encode("a", false))
                .isInstanceOf(ClosedException.class)
                .hasMessageStartingWith("this tokenizer is closed");
    }

    @Test
    void servesManyThreads() {
        try (Tokenizer tokenizer = Tokenizer.open(Resources.path("oracle/qwen2_5_vl/base/checkpoint"))) {
            int[] expected = tokenizer.encode("One text, many threads", false);
            assertThat(IntStream.range(0, 2000)
                            .parallel()
                            .mapToObj(i -> tokenizer.encode("One text, many threads", false)))
                    .allSatisfy(ids -> assertThat(ids).isEqualTo(expected));
        }
    }
}
