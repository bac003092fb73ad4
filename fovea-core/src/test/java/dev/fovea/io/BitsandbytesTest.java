package dev.fovea.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.backend.shapes.ShapeBackend;
import dev.fovea.error.InputException;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Weights as bitsandbytes packs them, with the values that it unpacks: {@code src/test/python/bitsandbytes_weights.py}. */
class BitsandbytesTest {
    private static final String FOUR = "'load_in_4bit': true, 'bnb_4bit_quant_type': 'nf4'";
    private static final String EIGHT = "'load_in_8bit': true";

    @TempDir
    Path folder;

    @BeforeEach
    void copyWeights() throws IOException, URISyntaxException {
        String file = "/dev/fovea/io/quantize/bitsandbytes.safetensors";
        Files.copy(
                Path.of(Objects.requireNonNull(BitsandbytesTest.class.getResource(file))
                        .toURI()),
                folder.resolve("model.safetensors"));
    }

    private Weights open(Backend b, String quantization, DType dtype) {
        write("'quant_method': 'bitsandbytes', " + quantization);
        return Weights.open(ModelDirectory.open(folder), b, dtype, Renaming.NONE);
    }

    private void write(String quantization) {
        try {
            String config = "{'dtype': 'float32', 'quantization_config': {" + quantization + "}}";
            Files.writeString(folder.resolve("config.json"), config.replace('\'', '"'));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private float[] expected(String name) {
        try (Safetensors file = Safetensors.open(folder.resolve("model.safetensors"))) {
            return file.segment(name + ".expected").toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        }
    }

    /** Without a sign of 0: FP4 has both, of which bitsandbytes' table has one and its kernels have both. */
    private static float[] plain(float[] values) {
        for (int i = 0; i < values.length; i++) {
            values[i] += 0f;
        }
        return values;
    }

    @ParameterizedTest
    @CsvSource({
        "plain, 48, 256, FLOAT32, BFLOAT16",
        "plain, 48, 256, BFLOAT16, BFLOAT16",
        "scales, 40, 192, FLOAT16, FLOAT16",
        "single, 24, 104, FLOAT32, FLOAT32",
        "stored, 16, 64, FLOAT32, BFLOAT16"
    })
    void valuesOfFourBitsAreItsOwn(String name, int rows, int columns, DType computed, DType stays) {
        try (Backend b = new ReferenceBackend();
                Weights weights = open(b, FOUR, computed)) {
            Tensor w = (Tensor) weights.at(name).matrix("weight", rows, columns);
            assertThat(w.dtype()).isEqualTo(stays);
            assertThat(plain(w.toFloats())).isEqualTo(plain(expected(name)));
            assertThat(weights.at(name).tensor("weight", rows, columns)).isSameAs(w);
            assertThat(weights.parameters()).isEqualTo((long) rows * columns);
            assertThat(weights.copies()).isEqualTo((long) rows * columns * stays.bytes());
        }
    }

    @Test
    void valuesOfAnotherDtypeAreRoundedTwice() {
        try (Backend b = new ReferenceBackend();
                Weights weights = open(b, FOUR, DType.BFLOAT16)) {
            float[] values = weights.at("scales").tensor("weight", 40, 192).toFloats();
            float[] half = expected("scales");
            for (int i = 0; i < half.length; i++) {
                assertThat(values[i]).isEqualTo(DType.bfloat16ToFloat(DType.floatToBfloat16(half[i])));
            }
        }
    }

    @Test
    void valuesOfManyPartsAreItsOwn() throws NoSuchAlgorithmException {
        try (Backend b = CpuBackend.create(CpuBackend.Options.defaults());
                Weights weights = open(b, FOUR, DType.BFLOAT16);
                Safetensors file = Safetensors.open(folder.resolve("model.safetensors"))) {
            byte[] values =
                    weights.at("many").tensor("weight", 200, 512).memory().toArray(ValueLayout.JAVA_BYTE);
            assertThat(MessageDigest.getInstance("SHA-256").digest(values))
                    .isEqualTo(file.segment("many.sha256").toArray(ValueLayout.JAVA_BYTE));
        }
    }

    @ParameterizedTest
    @CsvSource({"eight, 48, 256", "odd, 20, 90"})
    void valuesOfEightBitsStayInCodes(String name, int rows, int columns) {
        float[] expected = expected(name);
        try (Backend reference = new ReferenceBackend();
                Backend cpu = CpuBackend.create(CpuBackend.Options.defaults());
                Weights weights = open(reference, EIGHT, DType.FLOAT32);
                Weights onCpu = open(cpu, EIGHT, DType.FLOAT32)) {
            QuantizedMatrix w = (QuantizedMatrix) weights.at(name).matrix("weight", rows, columns);
            float[] row = new float[columns];
            for (int n = 0; n < rows; n++) {
                w.row(n, row);
                assertThat(row).as("row " + n).isEqualTo(Arrays.copyOfRange(expected, n * columns, (n + 1) * columns));
            }
            assertThat(weights.at(name).tensor("weight", rows, columns).toFloats())
                    .isEqualTo(expected);
            QuantizedMatrix placed = (QuantizedMatrix) onCpu.at(name).matrix("weight", rows, columns);
            for (int count : new int[] {1, 20}) {
                assertProducts(cpu, placed, expected, count);
            }
        }
    }

    private static void assertProducts(Backend b, QuantizedMatrix w, float[] expected, int count) {
        try (Scope _ = Scope.open(b)) {
            float[] x = new float[count * w.columns()];
            for (int i = 0; i < x.length; i++) {
                x[i] = (i * 37 % 101 - 50) / 64f;
            }
            float[] out = b.linear(Tensor.of(b, x, count, w.columns()), w, null).toFloats();
            for (int i = 0; i < out.length; i++) {
                double sum = 0;
                for (int k = 0; k < w.columns(); k++) {
                    sum += (double) expected[i % w.rows() * w.columns() + k] * x[i / w.rows() * w.columns() + k];
                }
                assertThat((double) out[i]).isCloseTo(sum, within(2e-4));
            }
        }
    }

    @Test
    void sizesAreKnownWithoutData() {
        try (Backend shapes = new ShapeBackend();
                Weights weights = open(shapes, EIGHT, DType.BFLOAT16)) {
            long four = weights.at("plain").matrix("weight", 48, 256).bytes();
            assertThat(four).isEqualTo(48 * 256 * 2L);
            long eight = weights.at("eight").matrix("weight", 48, 256).bytes();
            assertThat(eight).isEqualTo(48 * 256 + 48 * 2 + 48 * 4L);
            assertThat(weights.copies()).isEqualTo(four + eight);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "plain.weight | 64 | 192 | plain.weight is [48, 256], expected [64, 192]",
                "eight.weight | 64 | 256 | eight.weight is [48, 256], expected [64, 256]",
            })
    void otherShapesAreNamed(String name, int rows, int columns, String found) {
        try (Backend b = new ReferenceBackend();
                Weights weights = open(b, FOUR, DType.FLOAT32)) {
            weights.at(name.substring(0, name.indexOf('.'))).matrix("weight", rows, columns);
            weights.ignore("other weights of this test", _ -> true);
            assertThatThrownBy(weights::check)
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining(found);
        }
    }

    /** A head in codes whose table of embeddings is stored nowhere else. */
    @Test
    void aTiedWeightHasItsPartsUnderTheStoredName() {
        try (Backend b = new ReferenceBackend();
                Weights weights = open(b, FOUR, DType.FLOAT32)) {
            weights.at("plain").tie("weight", weights.at("embed").at("weight"));
            Tensor table = weights.at("embed").tensor("weight", 48, 256);
            assertThat(plain(table.toFloats())).isEqualTo(plain(expected("plain")));
            assertThat(weights.at("plain").matrix("weight", 48, 256)).isSameAs(table);
        }
    }

    @Test
    void aStateOfManyBytesIsRefused() {
        String state = "w.weight.quant_state.bitsandbytes__nf4";
        Safetensors.write(
                folder.resolve("model.safetensors"), Map.of("w.weight", floats(4), state, floats(1 << 15)), Map.of());
        try (Backend b = new ReferenceBackend();
                Weights weights = open(b, FOUR, DType.FLOAT32)) {
            assertThatThrownBy(() -> weights.at("w").matrix("weight", 4, 4))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("model.safetensors: " + state
                            + " has 131072 bytes; expected at most 65536; download it again");
        }
    }

    private static Safetensors.Floats floats(int count) {
        return new Safetensors.Floats(Shape.of(count), new float[count]);
    }

    /** A byte of the file is another one. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "plain.weight | ~blocksize~: 64 | ~blocksize~: 63 | quant_state.bitsandbytes__nf4: blocksize is 63; expected an even number",
                "plain.weight | ~blocksize~: 64 | ~blocksize~: 32 | plain.weight.absmax is U8 [192], expected U8 [384]",
                "plain.weight | ~dtype~: ~bfloat16~ | ~dtype~: ~bfloat61~ | dtype is \"bfloat61\"; expected one of \"float32\", \"bfloat16\", \"float16\"; download it again",
                "plain.weight | [48, 256] | [49, 256] | plain.weight is U8 [6144, 1], expected 6272 bytes",
                "plain.weight | [48, 256] | [-8, 256] | shape is [-8, 256]; expected",
                "plain.weight | [48, 256] | [1,1,1,1] | expected at most 3 sizes",
                "scales.weight | ~shape~ | ~shepa~ | shape is missing; expected its sizes",
                "plain.weight | ~blocksize~ | ~blocksize | is not valid JSON"
            })
    void whatAWeightSaysWrongIsNamed(String name, String from, String to, String message) throws IOException {
        byte[] all = Files.readAllBytes(folder.resolve("model.safetensors"));
        byte[] part;
        try (Safetensors file = Safetensors.open(folder.resolve("model.safetensors"))) {
            part = file.segment(name + ".quant_state.bitsandbytes__nf4").toArray(ValueLayout.JAVA_BYTE);
        }
        String json = new String(part, StandardCharsets.UTF_8);
        String changed = json.replaceFirst(quoted(from), quoted(to).replace("\\", ""));
        byte[] bytes = Arrays.copyOf((changed + " ").getBytes(StandardCharsets.UTF_8), part.length);
        MemorySegment.copy(
                MemorySegment.ofArray(bytes), 0, MemorySegment.ofArray(all), indexOf(all, part), part.length);
        Files.delete(folder.resolve("model.safetensors"));
        Files.write(folder.resolve("model.safetensors"), all);
        try (Backend b = new ReferenceBackend();
                Weights weights = open(b, FOUR, DType.FLOAT32)) {
            weights.ignore("other weights of this test", _ -> true);
            assertThatThrownBy(() -> {
                        weights.at(name.substring(0, name.indexOf('.'))).matrix("weight", 48, 256);
                        weights.check();
                    })
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining(message)
                    .hasMessageContaining(folder.toString());
        }
    }

    private static String quoted(String text) {
        return text.replace('~', '"').replace("[", "\\[");
    }

    private static int indexOf(byte[] all, byte[] part) {
        for (int at = 0; ; at++) {
            if (Arrays.equals(all, at, at + part.length, part, 0, part.length)) {
                return at;
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'quant_method': 'bitsandbytes'} | load_in_4bit is missing; expected true, or load_in_8bit in its place",
                "{'quant_method': 'bitsandbytes', 'load_in_4bit': true, 'load_in_8bit': true} | load_in_4bit is true; expected",
                "{'quant_method': 'bitsandbytes', 'load_in_4bit': true, 'bnb_4bit_quant_type': 'int4'} | bnb_4bit_quant_type is \"int4\"; expected one of",
                "{'load_in_4bit': true, 'bnb_4bit_compute_dtype': 'float8'} | bnb_4bit_compute_dtype is \"float8\"; expected one of",
                "{'load_in_4bit': true, 'bnb_4bit_quant_storage': 'int4'} | bnb_4bit_quant_storage is \"int4\"; expected one of",
                "{'load_in_8bit': true, 'llm_int8_skip_modules': 'lm_head', 'llm_int8_threshold': 'six'} | llm_int8_threshold is \"six\"; expected a number"
            })
    void whatIsNotReadIsNamed(String quantization, String message) {
        write(quantization.substring(1, quantization.length() - 1));
        ModelDirectory directory = ModelDirectory.open(folder);
        assertThatThrownBy(directory::openWeights)
                .isInstanceOf(InputException.class)
                .hasMessageContaining("quantization_config." + message);
    }

    @Test
    void keysWithoutEffectAreRead() {
        write(
                "'quant_method': 'bitsandbytes', '_load_in_4bit': true, '_load_in_8bit': false, 'load_in_4bit': true,"
                        + " 'load_in_8bit': false, 'bnb_4bit_compute_dtype': 'bfloat16', 'bnb_4bit_quant_storage': 'uint8',"
                        + " 'bnb_4bit_quant_type': 'nf4', 'bnb_4bit_use_double_quant': true, 'llm_int8_enable_fp32_cpu_offload': false,"
                        + " 'llm_int8_has_fp16_weight': false, 'llm_int8_skip_modules': ['lm_head'], 'llm_int8_threshold': 6.0");
        ModelDirectory directory = ModelDirectory.open(folder);
        directory.openWeights().forEach(WeightFile::close);
        assertThat(directory.config().unread()).containsExactly("dtype");
    }
}
