package dev.fovea.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.InputException;
import dev.fovea.error.Warnings;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WeightsTest {
    private static final Renaming QWEN =
            Renaming.of("^visual", "model.visual").then("^model(?!\\.(language_model|visual))", "model.language_model");

    private final Backend backend = StorageBackend.create();

    private final List<String> warned = new ArrayList<>();

    @TempDir
    Path temp;

    private Weights kit(String variant, DType dtype) {
        return Weights.open(ModelDirectory.open(Kit.checkpoint(variant)), backend, dtype, QWEN);
    }

    private Weights written(DType dtype, Map<String, Safetensors.Floats> tensors) {
        Safetensors.write(temp.resolve("model.safetensors"), tensors, Map.of());
        return opened(dtype, Renaming.NONE);
    }

    private Weights opened(DType dtype, Renaming names) {
        try {
            Files.writeString(temp.resolve("config.json"), "{}");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return Weights.open(ModelDirectory.open(temp, Warnings.to(warned::add)), backend, dtype, names);
    }

    private static Safetensors.Floats floats(int... shape) {
        return new Safetensors.Floats(
                Shape.of(shape), new float[(int) Shape.of(shape).size()]);
    }

    /** Asks for all tensors of a Qwen2.5-VL with the sizes of its config.json. */
    private static void walk(Weights root, Config config) {
        Config text = config.optionalChild("text_config").orElse(config);
        int d = text.integer("hidden_size");
        int kv = text.integer("num_key_value_heads") * d / text.integer("num_attention_heads");
        int vocabulary = text.integer("vocab_size");
        Weights language = root.at("model.language_model");
        language.tensor("embed_tokens.weight", vocabulary, d);
        language.tensor("norm.weight", d);
        for (int i = 0; i < text.integer("num_hidden_layers"); i++) {
            Weights layer = language.at("layers").at(i);
            layer.tensor("input_layernorm.weight", d);
            layer.tensor("post_attention_layernorm.weight", d);
            linear(layer.at("self_attn.q_proj"), d, d, true);
            linear(layer.at("self_attn.k_proj"), kv, d, true);
            linear(layer.at("self_attn.v_proj"), kv, d, true);
            linear(layer.at("self_attn.o_proj"), d, d, false);
            gated(layer.at("mlp"), text.integer("intermediate_size"), d, false);
        }
        if (!config.flag("tie_word_embeddings")) {
            root.tensor("lm_head.weight", vocabulary, d);
        }
        walkVision(root.at("model.visual"), config.child("vision_config"), d);
    }

    private static void walkVision(Weights visual, Config vision, int out) {
        int d = vision.integer("hidden_size");
        visual.tensor("patch_embed.proj.weight", d, 3, 2, 14, 14);
        for (int i = 0; i < vision.integer("depth"); i++) {
            Weights block = visual.at("blocks").at(i);
            block.tensor("norm1.weight", d);
            block.tensor("norm2.weight", d);
            linear(block.at("attn.qkv"), 3 * d, d, true);
            linear(block.at("attn.proj"), d, d, true);
            gated(block.at("mlp"), vision.integer("intermediate_size"), d, true);
        }
        visual.tensor("merger.ln_q.weight", d);
        linear(visual.at("merger.mlp.0"), 4 * d, 4 * d, true);
        linear(visual.at("merger.mlp.2"), out, 4 * d, true);
    }

    private static void linear(Weights at, int out, int in, boolean bias) {
        at.tensor("weight", out, in);
        if (bias) {
            at.tensor("bias", out);
        }
    }

    private static void gated(Weights at, int middle, int d, boolean bias) {
        linear(at.at("gate_proj"), middle, d, bias);
        linear(at.at("up_proj"), middle, d, bias);
        linear(at.at("down_proj"), d, middle, bias);
    }

    // ------------------------------------------------------------------------------------------------------ walking

    @ParameterizedTest
    @CsvSource({"base", "hub", "saved", "video"})
    void everyLayoutIsReadInFull(String variant) {
        try (Weights weights = kit(variant, DType.FLOAT32)) {
            ModelDirectory directory = ModelDirectory.open(Kit.checkpoint(variant));
            walk(weights, directory.config());
            weights.check();
            assertThat(WeightSummary.of(directory).bytesByType().values()).containsExactly(weights.bytes());
        }
    }

    @Test
    void shapesOnlyCountsThePublishedModel() {
        Weights weights = Weights.shapesOnly(backend, DType.BFLOAT16);
        walk(weights, Config.of(Json.object(Json.parse("""
                                {"hidden_size": 2048, "intermediate_size": 11008, "num_hidden_layers": 36,
                                 "num_attention_heads": 16, "num_key_value_heads": 2, "vocab_size": 151936,
                                 "tie_word_embeddings": true,
                                 "vision_config": {"depth": 32, "hidden_size": 1280, "intermediate_size": 3420}}""", "3B"), "3B"), "3B"));
        weights.check();
        assertThat(weights.parameters()).isEqualTo(3_754_622_976L); // Qwen2.5-VL-3B-Instruct
        assertThat(weights.bytes()).isEqualTo(2 * 3_754_622_976L);
        assertThat(weights.has("anything")).isTrue();
        assertThat(weights.tensorWithRows("positions", 8).dim(1)).isEqualTo(8);
        assertThat(weights.parameters()).isEqualTo(3_754_622_976L);
        weights.close();
    }

    @Test
    void cursorsKnowTheirPath() {
        try (Weights weights = kit("base", DType.FLOAT32)) {
            Weights at = weights.at("model.language_model").at("layers").at(3);
            assertThat(at.path()).isEqualTo("model.language_model.layers.3");
            assertThat(at.has("self_attn.q_proj.weight")).isTrue();
            assertThat(at.has("self_attn.q_norm.weight")).isFalse();
            assertThat(at.optional("self_attn.q_norm.weight", 16)).isEmpty();
            assertThat(at.optional("input_layernorm.weight", 64)).isPresent();
            assertThat(at.at("input_layernorm").tensor("weight", 64)).isSameAs(at.tensor("input_layernorm.weight", 64));
        }
    }

    // ------------------------------------------------------------------------------------------------------- dtypes

    @Test
    void storedDtypeIsMappedNotCopied() {
        try (Weights weights = kit("base", DType.FLOAT32)) {
            Tensor w = weights.tensor("model.language_model.layers.0.mlp.down_proj.weight", 64, 128);
            assertThat(w.dtype()).isEqualTo(DType.FLOAT32);
            assertThat(w.memory().isMapped()).isTrue();
            assertThat(w.toFloats()[3]).isEqualTo(0.14232100546360016f);
        }
    }

    @Test
    void sixteenBitsStaySoForFloat32() {
        try (Weights weights = kit("hub", DType.FLOAT32)) {
            Tensor w = weights.tensor("model.visual.blocks.0.attn.proj.weight", 32, 32);
            assertThat(w.dtype()).isEqualTo(DType.BFLOAT16);
            assertThat(w.memory().isMapped()).isTrue();
            assertThat(w.toFloats()[2]).isEqualTo(0.3671875f);
        }
    }

    @Test
    void partsMayComputeInAnotherDtype() {
        try (Weights weights = kit("base", DType.FLOAT16)) {
            String name = "model.language_model.norm.weight";
            Tensor half = weights.tensor(name, 64);
            Tensor full = weights.in(DType.FLOAT32).tensor(name, 64);
            assertThat(half.dtype()).isEqualTo(DType.FLOAT16);
            assertThat(full.dtype()).isEqualTo(DType.FLOAT32);
            assertThat(weights.parameters()).isEqualTo(64);
        }
    }

    /** Bit patterns by hand from IEEE 754: ties, overflow, subnormals, signs. */
    @ParameterizedTest
    @CsvSource({
        "F32, 3f800000, BFLOAT16, 3f80",
        "F32, 3f808000, BFLOAT16, 3f80", // 1 + 2^-8: tie, down to even
        "F32, 3f818000, BFLOAT16, 3f82", // 1 + 3 * 2^-8: tie, up to even
        "F32, 3f808001, BFLOAT16, 3f81", // just above a tie
        "F32, 7f7fffff, BFLOAT16, 7f80", // the greatest float overflows
        "F32, 80000001, BFLOAT16, 8000",
        "F32, 477fe000, FLOAT16, 7bff", // 65504
        "F32, 477ff000, FLOAT16, 7c00", // 65520: tie, up to infinity
        "F32, 3f801000, FLOAT16, 3c00", // 1 + 2^-11: tie, down to even
        "F32, 33800000, FLOAT16, 0001", // 2^-24
        "F32, 33000000, FLOAT16, 0000", // 2^-25: tie, down to even
        "BF16, 3f81, FLOAT16, 3c08",
        "BF16, 7f7f, FLOAT16, 7c00",
        "F16, 3c01, BFLOAT16, 3f80",
        "F16, 7bff, BFLOAT16, 4780",
        "F64, 3fb999999999999a, FLOAT32, 3dcccccd", // 0.1
        "F64, 3ff0000010000000, FLOAT32, 3f800000", // 1 + 2^-24: tie, down to even
        "F64, 3ff8000000000000, BFLOAT16, 3fc0"
    })
    void othersAreRoundedToNearestEven(String stored, String bits, DType computed, String expected) throws IOException {
        int bytes = bits.length() / 2;
        byte[] data = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(Long.parseUnsignedLong(bits, 16))
                .array();
        String header = "{\"w\":{\"dtype\":\"%s\",\"shape\":[1],\"data_offsets\":[0,%d]}}".formatted(stored, bytes);
        Files.write(temp.resolve("model.safetensors"), Headers.file(header, java.util.Arrays.copyOf(data, bytes)));
        try (Weights weights = opened(computed, Renaming.NONE)) {
            Tensor w = weights.tensor("w", 1);
            assertThat(w.dtype()).isEqualTo(computed);
            assertThat(w.memory().isMapped()).isFalse();
            int found = computed == DType.FLOAT32
                    ? w.memory().get(ValueLayout.JAVA_INT, w.offset() * 4)
                    : w.memory().get(ValueLayout.JAVA_SHORT, w.offset() * 2) & 0xffff;
            assertThat(Integer.toHexString(found))
                    .isEqualTo(Integer.toHexString(Integer.parseUnsignedInt(expected, 16)));
        }
    }

    @Test
    void largeTensorsAreConvertedInFull() {
        int n = 100_003;
        float[] values = new float[n];
        IntStream.range(0, n).forEach(i -> values[i] = i);
        try (Weights weights = written(DType.BFLOAT16, Map.of("w", new Safetensors.Floats(Shape.of(n), values)))) {
            float[] found = weights.tensor("w", n).toFloats();
            for (int i = 0; i < n; i++) {
                float step = i == 0 ? 1 : Math.max(1, Math.scalb(1f, Math.getExponent((float) i) - 7));
                assertThat(found[i]).isEqualTo((float) Math.rint(i / step) * step);
            }
        }
    }

    @Test
    void integersAreNoWeights() throws IOException {
        Files.write(
                temp.resolve("model.safetensors"),
                Headers.file("{\"ids\":{\"dtype\":\"I64\",\"shape\":[1,2],\"data_offsets\":[0,16]}}", new byte[16]));
        try (Weights weights = opened(DType.BFLOAT16, Renaming.NONE)) {
            weights.tensor("ids", 1, 2);
            assertThatThrownBy(weights::check).hasMessageContaining("1 of a dtype that is not supported: ids (I64)");
        }
    }

    // ------------------------------------------------------------------------------------------------------ checking

    @Test
    void allProblemsAreReportedTogether() throws IOException {
        Files.write(
                temp.resolve("model.safetensors"),
                Headers.file(
                        "{\"a\":{\"dtype\":\"U8\",\"shape\":[1,4,2],\"data_offsets\":[0,8]},"
                                + "\"layers.0.norm.weigth\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[8,9]},"
                                + "\"q\":{\"dtype\":\"F8_E4M3\",\"shape\":[2],\"data_offsets\":[9,11]},"
                                + "\"old.bias\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[11,12]}}",
                        new byte[12]));
        try (Weights weights = opened(DType.FLOAT32, Renaming.prefix("old.", "new."))) {
            Tensor placeholder = weights.tensor("a", 4, 2);
            assertThat(placeholder.shape()).isEqualTo(Shape.of(4, 2));
            weights.tensor("new.bias", 3);
            weights.tensorWithRows("a", 5, 2);
            weights.at("layers.0").tensor("norm.weight", 7);
            weights.tensor("elsewhere", 7);
            weights.tensor("q", 2);
            assertThatThrownBy(weights::check)
                    .isExactlyInstanceOf(InputException.class)
                    .hasMessageStartingWith(temp + ": the weights are not those that config.json describes: "
                            + "2 missing: layers.0.norm.weight (the file has layers.0.norm.weigth), elsewhere; "
                            + "3 of another shape: a is [1, 4, 2], expected [4, 2], "
                            + "new.bias (stored as old.bias) is [], expected [3], a is [1, 4, 2], expected [any, 5, 2]; "
                            + "1 of a dtype that is not supported: q (F8_E4M3); "
                            + "1 unexpected: layers.0.norm.weigth");
        }
    }

    @Test
    void longListsAreCut() {
        Map<String, Safetensors.Floats> tensors = new LinkedHashMap<>();
        IntStream.range(0, 25).forEach(i -> tensors.put("t" + i, floats(1)));
        try (Weights weights = written(DType.FLOAT32, tensors)) {
            weights.tensor("other", 1);
            assertThatThrownBy(weights::check)
                    .hasMessageContaining("another model than config.json describes: of 1 tensors 1 missing: other;")
                    .hasMessageContaining("; 25 unexpected: t0, t1, t2, t3, t4, t5, t6, t7, t8, t9 and 15 more");
        }
    }

    @Test
    void whatIsRightlyUnusedIsNotUnexpected() {
        try (Weights weights = written(DType.FLOAT32, Map.of("w", floats(1), "rotary.inv_freq", floats(2)))) {
            weights.tensor("w", 1);
            weights.ignore("computed from rope_theta", name -> name.endsWith("inv_freq"));
            weights.check();
            assertThat(weights.ignored()).containsExactly(Map.entry("rotary.inv_freq", "computed from rope_theta"));
        }
    }

    @Test
    void whatIsUnexpectedIsSaidOnce() {
        Map<String, Safetensors.Floats> tensors = new LinkedHashMap<>(Map.of("w", floats(1)));
        IntStream.range(0, 7).forEach(i -> tensors.put("v_head." + i, floats(1)));
        try (Weights weights = written(DType.FLOAT32, tensors)) {
            weights.tensor("w", 1);
            weights.check();
            weights.check();
        }
        assertThat(warned)
                .containsExactly(
                        temp
                                + ": 7 tensors are not used by this model: v_head.0, v_head.1, v_head.2, v_head.3, v_head.4 and 2 more");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "q.lora_A.weight",
                "q.lora_B.default.weight",
                "q.base_layer.weight",
                "lm_head.modules_to_save.default.weight",
                "q.lora_magnitude_vector.weight",
                "base_model.model.q.weight"
            })
    void leftoversOfAdaptersAreRefused(String name) {
        try (Weights weights = written(DType.FLOAT32, Map.of("w", floats(1), name, floats(1)))) {
            weights.tensor("w", 1);
            assertThatThrownBy(weights::check)
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining(": the weights hold an adapter (LoRA or alike) that is not merged: " + name);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"q", "lm_head"})
    void quantisedWeightsWithoutConfigurationAreRecognised(String name) {
        Map<String, Safetensors.Floats> parts = Map.of(name + ".qweight", floats(1), name + ".scales", floats(1));
        try (Weights weights = written(DType.FLOAT32, parts)) {
            weights.tensor(name + ".weight", 1);
            assertThatThrownBy(weights::check)
                    .isInstanceOfSatisfying(
                            InputException.class,
                            e -> assertThat(e.hint()).startsWith("these look like the weights of a quantised model"));
        }
    }

    // ------------------------------------------------------------------------------------------------------- ties

    private Weights tied(Map<String, Safetensors.Floats> tensors) {
        Weights weights = written(DType.FLOAT32, tensors);
        weights.tie("lm_head.weight", weights.at("embed.weight"));
        return weights;
    }

    private static Safetensors.Floats table(float last) {
        return new Safetensors.Floats(Shape.of(2, 2), new float[] {1, 2, 3, last});
    }

    @ParameterizedTest
    @ValueSource(strings = {"embed.weight", "lm_head.weight"})
    void theOneThatIsStoredServesBoth(String stored) {
        try (Weights weights = tied(Map.of(stored, table(4)))) {
            assertThat(weights.has("embed.weight")).isTrue();
            assertThat(weights.has("lm_head.weight")).isTrue();
            assertThat(weights.tensor("embed.weight", 2, 2)).isSameAs(weights.tensor("lm_head.weight", 2, 2));
            weights.check();
            assertThat(weights.parameters()).isEqualTo(4);
        }
        assertThat(warned).isEmpty();
    }

    @Test
    void equalOnesAreTied() {
        try (Weights weights = tied(Map.of("embed.weight", table(4), "lm_head.weight", table(4)))) {
            assertThat(weights.tensor("embed.weight", 2, 2)).isSameAs(weights.tensor("lm_head.weight", 2, 2));
            weights.check();
            assertThat(weights.parameters()).isEqualTo(4);
        }
        assertThat(warned).isEmpty();
    }

    @Test
    void differentOnesAreNotTied() {
        try (Weights weights = tied(Map.of("embed.weight", table(4), "lm_head.weight", table(5)))) {
            assertThat(value(weights.tensor("embed.weight", 2, 2), 3)).isEqualTo(4);
            assertThat(value(weights.tensor("lm_head.weight", 2, 2), 3)).isEqualTo(5);
            weights.check();
            assertThat(weights.parameters()).isEqualTo(8);
        }
        assertThat(warned)
                .containsExactly(
                        temp + ": config.json ties lm_head.weight to embed.weight, but both are stored with different"
                                + " values: each is used as it is stored; \"tie_word_embeddings\": false says so");
    }

    @Test
    void aMissingTieIsMissingOnce() {
        try (Weights weights = tied(Map.of("w", floats(1)))) {
            weights.tensor("w", 1);
            weights.tensor("embed.weight", 2, 2);
            weights.tensor("lm_head.weight", 2, 2);
            assertThatThrownBy(weights::check).hasMessageContaining(": 1 missing: embed.weight");
        }
    }

    private static float value(Tensor tensor, int index) {
        return tensor.memory().getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, index);
    }

    @Test
    void theLaterOfTwoShardsCounts() throws IOException {
        Safetensors.write(temp.resolve("x.safetensors"), Map.of("w", table(4)), Map.of());
        Safetensors.write(temp.resolve("y.safetensors"), Map.of("w", table(5)), Map.of());
        Files.writeString(
                temp.resolve("model.safetensors.index.json"),
                "{\"weight_map\": {\"v\": \"y.safetensors\", \"w\": \"x.safetensors\"}}");
        try (Weights weights = opened(DType.FLOAT32, Renaming.NONE)) {
            assertThat(value(weights.tensor("w", 2, 2), 3)).isEqualTo(5);
        }
        assertThat(warned)
                .hasSize(1)
                .first()
                .asString()
                .contains("w is in two shards")
                .endsWith("that of the latter is used");
    }

    @Test
    void tablesMayHaveAnyLength() {
        try (Weights weights = written(DType.FLOAT32, Map.of("positions", floats(1026, 4)))) {
            assertThat(weights.tensorWithRows("positions", 4).shape()).isEqualTo(Shape.of(1026, 4));
            weights.check();
        }
    }

    @Test
    void twoSpellingsOfOneTensorAreRefused() {
        Safetensors.write(
                temp.resolve("model.safetensors"),
                new LinkedHashMap<>(Map.of("visual.w", floats(1), "model.visual.w", floats(1))),
                Map.of());
        assertThatThrownBy(() -> opened(DType.FLOAT32, QWEN))
                .isInstanceOf(InputException.class)
                .hasMessageEndingWith(" are two spellings of the same tensor model.visual.w");
    }

    @Test
    void closingReleasesMappedAndConvertedMemory() {
        Weights weights = written(DType.BFLOAT16, Map.of("w", floats(4)));
        Tensor converted = weights.tensor("w", 4);
        Tensor mapped = weights.in(DType.FLOAT32).tensor("w", 4);
        weights.at("anywhere").close();
        weights.close();
        assertThatThrownBy(() -> converted.memory().get(ValueLayout.JAVA_BYTE, 0))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> mapped.memory().get(ValueLayout.JAVA_BYTE, 0))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void modelsComputeInFloats() {
        assertThatThrownBy(() -> Weights.shapesOnly(backend, DType.INT8)).isInstanceOf(IllegalArgumentException.class);
    }
}
