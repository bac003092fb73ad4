package dev.fovea.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.InputException;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelDirectoryTest {
    @TempDir
    Path temp;

    private ModelDirectory directory(String config) {
        write("config.json", config);
        return ModelDirectory.open(temp);
    }

    private void write(String name, String text) {
        try {
            Files.writeString(temp.resolve(name), text);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void writeWeights(String name, String... tensors) {
        Map<String, Safetensors.Floats> values = new java.util.LinkedHashMap<>();
        for (String tensor : tensors) {
            values.put(tensor, new Safetensors.Floats(Shape.of(2), new float[] {1, 2}));
        }
        Safetensors.write(temp.resolve(name), values, Map.of());
    }

    private void assertWeightsRefused(String message) {
        ModelDirectory directory = directory("{}");
        assertThatThrownBy(directory::openWeights)
                .isExactlyInstanceOf(InputException.class)
                .hasMessageContaining(message)
                .satisfies(e -> assertThat(e.getMessage()).contains(temp.toString()));
    }

    // ------------------------------------------------------------------------------------------------------ opening

    @Test
    void readsThePublishedLayout() {
        ModelDirectory directory = ModelDirectory.open(Kit.checkpoint("base"));
        assertThat(directory.modelType()).isEqualTo("qwen2_5_vl");
        assertThat(directory.storedDtype()).isEqualTo(DType.FLOAT32);
        assertThat(directory.generationConfig().orElseThrow().number("repetition_penalty"))
                .isEqualTo(1.05);
        assertThat(directory.processorConfig()).isEmpty();
        assertThat(directory.imageProcessor().integer("max_pixels")).isEqualTo(12845056);
        assertThat(directory.videoProcessor()).isSameAs(directory.imageProcessor());
        assertThat(directory.file("vocab.json")).contains(Kit.checkpoint("base").resolve("vocab.json"));
        assertThat(directory.file("processor_config.json")).isEmpty();
    }

    @Test
    void readsTheLayoutOfSavePretrained() {
        ModelDirectory directory = ModelDirectory.open(Kit.checkpoint("saved"));
        assertThat(directory.preprocessorConfig()).isEmpty();
        Config image = directory.imageProcessor();
        assertThat(image.child("size").integer("longest_edge")).isEqualTo(12845056);
        assertThat(image).isSameAs(directory.imageProcessor());
        assertThat(directory.videoProcessor().string("video_processor_type")).isEqualTo("Qwen2VLVideoProcessor");
        assertThat(directory.storedDtype()).isEqualTo(DType.FLOAT32);
        assertThat(directory.processorConfig().orElseThrow().unread()).contains("image_processor.do_resize");
    }

    @Test
    void videoProcessorHasItsOwnFile() {
        write("preprocessor_config.json", "{\"temporal_patch_size\": 1}");
        write("video_preprocessor_config.json", "{\"temporal_patch_size\": 2}");
        ModelDirectory directory = directory("{}");
        assertThat(directory.imageProcessor().integer("temporal_patch_size")).isEqualTo(1);
        assertThat(directory.videoProcessor().integer("temporal_patch_size")).isEqualTo(2);
    }

    @Test
    void nestedProcessorsComeFirst() {
        write("preprocessor_config.json", "{\"a\": 1}");
        write("processor_config.json", "{\"image_processor\": {\"a\": 2}, \"num_query_tokens\": 8}");
        ModelDirectory directory = directory("{}");
        assertThat(directory.imageProcessor().integer("a")).isEqualTo(2);
        assertThat(directory.videoProcessor().integer("a")).isEqualTo(1);
    }

    @Test
    void saysWhichProcessorFilesAreMissing() {
        ModelDirectory directory = directory("{}");
        assertThatThrownBy(directory::imageProcessor)
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(
                        temp
                                + " has no preprocessor_config.json and image_processor in processor_config.json; found config.json");
        assertThatThrownBy(directory::videoProcessor)
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(temp + " has no video_preprocessor_config.json, preprocessor_config.json and");
    }

    @Test
    void saysWhatIsMissingAndWhatIsThere() {
        write("model.safetensors", "");
        write("notes.txt", "");
        assertThatThrownBy(() -> ModelDirectory.open(temp))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(
                        temp + " is not a model directory: config.json is missing; found model.safetensors, notes.txt");
        assertThatThrownBy(() -> ModelDirectory.open(temp.resolve("none")))
                .hasMessageStartingWith("there is no model directory " + temp.resolve("none"));
        assertThatThrownBy(() -> ModelDirectory.open(temp.resolve("notes.txt")))
                .hasMessageStartingWith(temp.resolve("notes.txt")
                        + " is a file; expected a model directory with config.json and weights");
    }

    @Test
    void pointsIntoTheCacheOfTheHub() throws IOException {
        Files.createDirectories(temp.resolve("snapshots/0a1b"));
        assertThatThrownBy(() -> ModelDirectory.open(temp))
                .isInstanceOfSatisfying(
                        InputException.class, e -> assertThat(e.hint()).contains("snapshots"));
    }

    @Test
    void configsThatAreNoJsonAreNamed() {
        assertThatThrownBy(() -> directory("<!doctype html>"))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(temp.resolve("config.json") + " is an HTML page in place of the file itself");
        assertThatThrownBy(() -> directory("{\"a\": }"))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(temp.resolve("config.json") + " is not valid JSON: ");
    }

    // ------------------------------------------------------------------------------------------------------- dtype

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'torch_dtype': 'bfloat16'} | BFLOAT16",
                "{'dtype': 'float16', 'torch_dtype': 'float32'} | FLOAT16",
                "{'torch_dtype': 'float32', 'text_config': {'torch_dtype': 'float16'}} | FLOAT32"
            })
    void configNamesTheDtype(String json, DType expected) {
        assertThat(directory(json.replace('\'', '"')).storedDtype()).isEqualTo(expected);
    }

    @Test
    void weightsDecideWhereTheConfigIsSilent() throws IOException {
        Files.write(
                temp.resolve("model.safetensors"),
                Headers.file(
                        "{\"a\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[0,16]},"
                                + "\"c\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[16,28]},"
                                + "\"b\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[28,30]}}",
                        new byte[30]));
        // The first floating one by name, neither that of most bytes nor the first of the file.
        assertThat(directory("{\"torch_dtype\": \"auto\"}").storedDtype()).isEqualTo(DType.BFLOAT16);
        assertThat(directory("{\"text_config\": {\"dtype\": \"float16\"}}").storedDtype())
                .isEqualTo(DType.BFLOAT16);
    }

    @Test
    void otherDtypesAreRefused() {
        ModelDirectory directory = directory("{\"torch_dtype\": \"float8_e4m3fn\"}");
        assertThatThrownBy(directory::storedDtype)
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(temp.resolve("config.json")
                        + " says dtype float8_e4m3fn; expected float32, bfloat16 or float16");
    }

    // ----------------------------------------------------------------------------------------------------- weights

    @Test
    void opensShards() {
        List<WeightFile> files = ModelDirectory.open(Kit.checkpoint("video")).openWeights();
        assertThat(files).hasSize(3);
        assertThat(files.stream().mapToInt(f -> f.entries().size()).sum()).isEqualTo(92);
        files.forEach(WeightFile::close);
    }

    @Test
    void directoriesWithoutWeightsAreNamed() {
        assertWeightsRefused(" has no weights; found config.json");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "pytorch_model-00001-of-00002.bin",
                "gemma-3-4b-it-Q4_K_M.gguf",
                "model.onnx",
                "tf_model.h5",
                "flax_model.msgpack",
                "consolidated.00.pth",
                "adapter_model.safetensors"
            })
    void otherFormatsAreNamed(String name) {
        write(name, "");
        assertWeightsRefused(" has its weights in a format that is not read: " + name);
    }

    @Test
    void linksIntoNothingAreNamed() throws IOException {
        Files.createSymbolicLink(temp.resolve("model.safetensors"), Path.of("../blobs/4d7a"));
        assertWeightsRefused("model.safetensors is a link to a file that is not there");
    }

    @Test
    void missingShardsAreListedWithThoseThatAreThere() throws IOException {
        writeWeights("model-00001-of-00003.safetensors", "a");
        write("model.safetensors.index.json", """
                {"weight_map": {"a": "model-00001-of-00003.safetensors", "b": "model-00002-of-00003.safetensors",
                 "c": "model-00003-of-00003.safetensors"}}""");
        long size = Files.size(temp.resolve("model-00001-of-00003.safetensors"));
        assertWeightsRefused(" lacks 2 of the 3 shards that model.safetensors.index.json names: "
                + "model-00002-of-00003.safetensors, model-00003-of-00003.safetensors; found "
                + "model-00001-of-00003.safetensors (" + size + " bytes)");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../model.safetensors", "/etc/model.safetensors", "a/b.safetensors", "a\\\\b.safetensors",
                        "..safetensors",
                "C:b.safetensors", "model.bin", "", "model.safetensors\\u0000", "x\\n.safetensors"
            })
    void indexesStayInTheirDirectory(String shard) {
        write("model.safetensors.index.json", "{\"weight_map\": {\"a\": \"" + shard + "\"}}");
        assertWeightsRefused("model.safetensors.index.json: weight_map puts \"a\" into ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{} | weight_map is null; expected an object",
                "{'weight_map': []} | weight_map is an array; expected an object",
                "{'weight_map': {}} | weight_map is empty; expected tensor names with their shards",
                "{'weight_map': {'a': 1}} | weight_map puts \"a\" into 1; expected the name of a .safetensors file",
                "[] | model.safetensors.index.json is an array; expected an object",
                "{'weight_map': {'a': 's.safetensors', 'a': 's.safetensors'}} | model.safetensors.index.json is not valid JSON: the key a stands twice"
            })
    void brokenIndexesAreNamed(String json, String message) {
        write("model.safetensors.index.json", json.replace('\'', '"'));
        assertWeightsRefused(message);
    }

    /** transformers opens the files that an index names, and takes what they hold. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'a': 'x.safetensors', 'b': 'y.safetensors', 'c': 'y.safetensors'}", // b is in x
                "{'a': 'x.safetensors', 'c': 'y.safetensors'}", // b is not listed
                "{'a': 'x.safetensors', 'b': 'x.safetensors', 'd': 'y.safetensors'}" // d is nowhere
            })
    void indexesOnlySayWhichFilesToOpen(String weightMap) {
        writeWeights("x.safetensors", "a", "b");
        writeWeights("y.safetensors", "c");
        write("config.json", "{}");
        write("model.safetensors.index.json", "{\"weight_map\": " + weightMap.replace('\'', '"') + "}");
        List<WeightFile> files = ModelDirectory.open(temp).openWeights();
        assertThat(files.stream().flatMap(f -> f.entries().keySet().stream())).containsExactly("a", "b", "c");
        files.forEach(WeightFile::close);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'quantization_config': {'quant_method': 'hqq', 'bits': 4}} | (hqq, 4 bits), as quantization_config in config.json",
                "{'quantization_config': {'quant_method': 'fp8'}} | (fp8), as quantization_config in config.json",
                "{'text_config': {'compression_config': {'quant_method': 'compressed-tensors'}}} | (compressed-tensors), as",
                "{'quantization': {'group_size': 64, 'bits': 4}} | (MLX, 4 bits), as quantization in config.json",
                "{'quantization_config': {}} | holds a quantised model, as quantization_config in config.json"
            })
    void quantisedModelsAreNamed(String config, String message) {
        writeWeights("model.safetensors", "a");
        write("config.json", config.replace('\'', '"'));
        ModelDirectory directory = ModelDirectory.open(temp);
        assertThatThrownBy(directory::openWeights)
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(temp + " holds a quantised model")
                .hasMessageContaining(message);
    }

    @Test
    void quantisersFilesAreNamed() {
        writeWeights("model.safetensors", "a");
        write("quantize_config.json", "{}");
        assertWeightsRefused(" holds a quantised model, as quantize_config.json says");
    }

    @Test
    void noQuantisationIsNull() {
        writeWeights("model.safetensors", "a");
        write("config.json", "{\"quantization_config\": null}");
        ModelDirectory.open(temp).openWeights().forEach(WeightFile::close);
    }

    @Test
    void adaptersAreNamedBesideAModelAndAlone() {
        write(
                "adapter_config.json",
                "{\"peft_type\": \"LORA\", \"base_model_name_or_path\": \"Qwen/Qwen2.5-VL-3B-Instruct\"}");
        String message = temp
                + " holds a LORA adapter for Qwen/Qwen2.5-VL-3B-Instruct (adapter_config.json); Fovea reads whole models only";
        assertThatThrownBy(() -> ModelDirectory.open(temp))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(message);
        writeWeights("model.safetensors", "a");
        assertWeightsRefused(message);
    }

    @ParameterizedTest
    @CsvSource({"model.gguf, 'GGUF, llama.cpp''s'", "weights.npz, 'NumPy archives, as MLX had them'"})
    void formatsWithoutConfigurationAreNamed(String name, String format) {
        write(name, "");
        assertThatThrownBy(() -> ModelDirectory.open(temp))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(temp + " has no config.json, and weights in a format that is not read: " + name
                        + " (" + format + ")");
    }

    @Test
    void truncatedShardsAreNamedWithTheirSizes() throws IOException {
        for (String name : List.of("config.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors")) {
            Files.copy(Kit.checkpoint("hub").resolve(name), temp.resolve(name));
        }
        byte[] second = Files.readAllBytes(Kit.checkpoint("hub").resolve("model-00002-of-00002.safetensors"));
        Path cut = Files.write(
                temp.resolve("model-00002-of-00002.safetensors"),
                java.util.Arrays.copyOf(second, second.length - 1000));
        ModelDirectory directory = ModelDirectory.open(temp);
        assertThatThrownBy(directory::openWeights)
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(
                        cut + " has 532856 bytes; its header describes 528512 bytes of data from byte 5344 on: "
                                + "1000 are missing, it is truncated");
    }

    @Test
    void summarisesFromHeaders() {
        WeightSummary base = WeightSummary.of(ModelDirectory.open(Kit.checkpoint("hub")));
        assertThat(base.bytesByType()).containsExactly(Map.entry(StoredType.BF16, 709056L)); // the index's total_size
    }
}
