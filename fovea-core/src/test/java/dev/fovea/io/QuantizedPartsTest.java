package dev.fovea.io;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Stored codes against the values that numpy finds in them: {@code src/test/python/quantized_parts.py}. */
class QuantizedPartsTest {
    private static Safetensors parts() throws URISyntaxException {
        return Safetensors.open(Path.of(
                Objects.requireNonNull(QuantizedPartsTest.class.getResource("/dev/fovea/io/quantize/parts.safetensors"))
                        .toURI()));
    }

    private static Optional<QuantizedMatrix> find(Safetensors file, String name, int rows, int columns, Backend b) {
        return QuantizedParts.find(
                name,
                rows,
                columns,
                b,
                b,
                part -> Optional.ofNullable(file.entries().get(part)).map(e -> new QuantizedParts.Part(file, e)));
    }

    private static float[] expected(Safetensors file, String name) {
        MemorySegment bytes = file.segment(name + ".expected");
        return bytes.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"eight.weight", "four.weight", "imported.weight", "tiny.weight"})
    void valuesAreNumpys(String name) throws Exception {
        try (Safetensors file = parts();
                Backend b = new ReferenceBackend()) {
            Shape shape = file.entries().get(name + ".expected").shape();
            QuantizedMatrix w = find(file, name, shape.dim(0), shape.dim(1), b).orElseThrow();
            float[] values = expected(file, name);
            float[] row = new float[w.columns()];
            for (int n = 0; n < w.rows(); n++) {
                w.row(n, row);
                assertThat(row)
                        .as("row " + n)
                        .isEqualTo(Arrays.copyOfRange(values, n * row.length, (n + 1) * row.length));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"eight.weight", "four.weight", "imported.weight"})
    void manyRowsOfOnesAreSumsOfRows(String name) throws Exception {
        try (Safetensors file = parts();
                Backend b = CpuBackend.create(CpuBackend.Options.defaults());
                Scope scope = Scope.open(b)) {
            Shape shape = file.entries().get(name + ".expected").shape();
            QuantizedMatrix w = find(file, name, shape.dim(0), shape.dim(1), b).orElseThrow();
            float[] values = expected(file, name);
            for (int rows : new int[] {1, 40}) {
                float[] ones = new float[rows * w.columns()];
                Arrays.fill(ones, 1);
                float[] out =
                        b.linear(Tensor.of(b, ones, rows, w.columns()), w, null).toFloats();
                for (int i = 0; i < out.length; i++) {
                    double sum = 0;
                    double magnitude = 0;
                    for (int k = 0; k < w.columns(); k++) {
                        float v = values[i % w.rows() * w.columns() + k];
                        sum += v;
                        magnitude += Math.abs(v);
                    }
                    assertThat((double) out[i]).isCloseTo(sum, Offset.offset(1e-6 * magnitude));
                }
            }
            assertThat(scope.bytes()).isPositive();
        }
    }

    @Test
    void anotherSizeIsNoneOfThese() throws Exception {
        try (Safetensors file = parts();
                Backend b = new ReferenceBackend()) {
            assertThat(find(file, "four.weight", 35, 70, b)).isPresent();
            assertThat(find(file, "four.weight", 35, 97, b)).isEmpty();
            assertThat(find(file, "four.weight", 65, 70, b)).isEmpty();
            assertThat(find(file, "five.weight", 35, 70, b)).isEmpty();
            assertThat(DType.UINT8.isFloating()).isFalse();
        }
    }
}
