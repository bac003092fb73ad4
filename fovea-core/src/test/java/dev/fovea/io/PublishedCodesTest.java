package dev.fovea.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.error.InputException;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Objects;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights as AutoGPTQ and AutoAWQ pack them, with the values that numpy finds: {@code src/test/python/published_codes.py}. */
class PublishedCodesTest {
    @TempDir
    Path folder;

    @BeforeEach
    void copyWeights() throws IOException, URISyntaxException {
        String file = "/dev/fovea/io/quantize/published.safetensors";
        Files.copy(
                Path.of(Objects.requireNonNull(PublishedCodesTest.class.getResource(file))
                        .toURI()),
                folder.resolve("model.safetensors"));
    }

    private Weights open(Backend b, String method, int group, String more) {
        String quantization = "{'quant_method': '" + method + "', 'bits': 4, 'group_size': " + group + more + "}";
        write("{'dtype': 'float32', 'quantization_config': " + quantization + "}");
        return Weights.open(ModelDirectory.open(folder), b, DType.FLOAT32, Renaming.NONE);
    }

    private void write(String config) {
        try {
            Files.writeString(folder.resolve("config.json"), config.replace('\'', '"'));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private float[][] expected(String name, int rows, int columns) {
        try (Safetensors file = Safetensors.open(folder.resolve("model.safetensors"))) {
            MemorySegment bytes = file.segment(name + ".expected");
            float[] all = bytes.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
            float[][] values = new float[rows][];
            for (int n = 0; n < rows; n++) {
                values[n] = Arrays.copyOfRange(all, n * columns, (n + 1) * columns);
            }
            return values;
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "plain        | gptq | 48 | 256 | 64 | , 'sym': true, 'desc_act': false",
                "shuffled     | gptq | 40 | 192 | 64 | , 'desc_act': true, 'checkpoint_format': 'gptq'",
                "odd          | gptq | 24 | 104 | 32 | ",
                "whole        | gptq | 16 | 96  | -1 | , 'damp_percent': 0.01",
                "second       | gptq | 16 | 64  | 32 | , 'checkpoint_format': 'gptq_v2'",
                "turned       | awq  | 40 | 192 | 64 | , 'version': 'GEMM', 'zero_point': true",
                "turned_whole | awq  | 8  | 64  | -1 | "
            })
    void valuesAreNumpys(String name, String method, int rows, int columns, int group, String more) {
        float[][] expected = expected(name, rows, columns);
        try (Backend reference = new ReferenceBackend();
                Backend cpu = CpuBackend.create(CpuBackend.Options.defaults());
                Weights weights = open(reference, method, group, more == null ? "" : more);
                Weights onCpu = open(cpu, method, group, more == null ? "" : more)) {
            QuantizedMatrix w = (QuantizedMatrix) weights.at(name).matrix("weight", rows, columns);
            float[] row = new float[columns];
            for (int n = 0; n < rows; n++) {
                w.row(n, row);
                assertThat(row).as("row " + n).isEqualTo(expected[n]);
            }
            QuantizedMatrix placed = (QuantizedMatrix) onCpu.at(name).matrix("weight", rows, columns);
            for (int count : new int[] {1, 20}) {
                assertProducts(cpu, placed, expected, count);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{'dtype': 'float32', 'text_config': {Q}}", "{'dtype': 'float32', Q, 'text_config': {Q}}"})
    void aTextModelSaysItOfItself(String config) {
        write(config.replace("Q", "'quantization_config': {'quant_method': 'gptq', 'bits': 4, 'group_size': 64}"));
        try (Backend reference = new ReferenceBackend();
                Weights weights = Weights.open(ModelDirectory.open(folder), reference, DType.FLOAT32, Renaming.NONE)) {
            QuantizedMatrix w = (QuantizedMatrix) weights.at("plain").matrix("weight", 48, 256);
            float[] row = new float[256];
            w.row(1, row);
            assertThat(row).isEqualTo(expected("plain", 48, 256)[1]);
        }
    }

    /** Of x with one column of a block at a time, so that few rows, which round x, are exact as well. */
    private static void assertProducts(Backend b, QuantizedMatrix w, float[][] expected, int count) {
        for (int first = 0; first < QuantizedMatrix.BLOCK; first += 7) {
            try (Scope _ = Scope.open(b)) {
                float[] x = new float[count * w.columns()];
                for (int t = 0; t < count; t++) {
                    for (int k = first; k < w.columns(); k += QuantizedMatrix.BLOCK) {
                        x[t * w.columns() + k] = k + t;
                    }
                }
                float[] out =
                        b.linear(Tensor.of(b, x, count, w.columns()), w, null).toFloats();
                for (int i = 0; i < out.length; i++) {
                    double sum = 0;
                    for (int k = 0; k < w.columns(); k++) {
                        sum += (double) expected[i % w.rows()][k] * x[i / w.rows() * w.columns() + k];
                    }
                    assertThat((double) out[i]).isCloseTo(sum, Offset.offset(w.columns() * 1e-2));
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "plain    | 64 | 128 | plain.qweight is I32 [32, 48], expected I32 [16, 64]",
                "plain    | 48 | 256 | plain.scales is F16 [4, 48], expected F16 [8, 48]",
                "turned   | 40 | 192 | turned.qweight is I32 [192, 5], expected I32 [24, 40]"
            })
    void otherShapesAreNamed(String name, int rows, int columns, String found) {
        try (Backend b = new ReferenceBackend();
                Weights weights = open(b, "gptq", 32, "")) {
            weights.at(name).matrix("weight", rows, columns);
            weights.ignore("other weights of this test", n -> !n.startsWith(name));
            assertThatThrownBy(weights::check)
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining(found);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'quant_method': 'gptq', 'bits': 3, 'group_size': 32} | bits is 3; expected 4",
                "{'quant_method': 'gptq', 'bits': 8, 'group_size': 32} | bits is 8; expected 4",
                "{'quant_method': 'gptq', 'group_size': 32} | bits is missing",
                "{'quant_method': 'awq', 'bits': 4} | group_size is missing",
                "{'quant_method': 'awq', 'bits': 4, 'group_size': 48} | group_size is 48; expected -1 or a multiple of 32",
                "{'quant_method': 'awq', 'bits': 4, 'group_size': 64, 'version': 'gemv'} | version is \"gemv\"; expected \"gemm\"",
                "{'quant_method': 'awq', 'bits': 4, 'group_size': 64, 'zero_point': false} | zero_point is false; expected true",
                "{'quant_method': 'gptq', 'bits': 4, 'group_size': 64, 'checkpoint_format': 'marlin'} | is \"marlin\"; expected \"gptq\"",
                "{'quant_method': 'gptq', 'bits': 4, 'group_size': 64}, 'text_config': {'quantization_config': {'quant_method': 'fp8'}} | expected the same as the whole model has"
            })
    void whatIsNotReadIsNamed(String quantization, String message) {
        write("{'dtype': 'float32', 'quantization_config': " + quantization + "}");
        ModelDirectory directory = ModelDirectory.open(folder);
        assertThatThrownBy(directory::openWeights)
                .isInstanceOf(InputException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "3  | shuffled.g_idx has 3; expected 0 to 2",
                "-1 | shuffled.g_idx has -1; expected 0 to 2",
                "2  | shuffled.g_idx gives group 0 63 columns; expected 64"
            })
    void groupsThatDoNotFitAreNamed(int group, String message) throws IOException {
        try (Safetensors file = Safetensors.open(folder.resolve("model.safetensors"))) {
            byte[] groups = file.segment("shuffled.g_idx").toArray(ValueLayout.JAVA_BYTE);
            int first = 0;
            while (groups[first * 4] != 0) {
                first++;
            }
            byte[] all = Files.readAllBytes(folder.resolve("model.safetensors"));
            MemorySegment.ofArray(all).set(ValueLayout.JAVA_INT_UNALIGNED, indexOf(all, groups) + 4L * first, group);
            Files.write(folder.resolve("changed.safetensors"), all);
        }
        Files.move(
                folder.resolve("changed.safetensors"),
                folder.resolve("model.safetensors"),
                StandardCopyOption.REPLACE_EXISTING);
        try (Backend b = new ReferenceBackend();
                Weights weights = open(b, "gptq", 64, "")) {
            assertThatThrownBy(() -> weights.at("shuffled").matrix("weight", 40, 192))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining(message);
        }
    }

    private static int indexOf(byte[] all, byte[] part) {
        for (int at = 0; ; at++) {
            if (Arrays.equals(all, at, at + part.length, part, 0, part.length)) {
                return at;
            }
        }
    }
}
