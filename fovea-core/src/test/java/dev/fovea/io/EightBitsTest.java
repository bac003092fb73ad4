package dev.fovea.io;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.files.OutputFile;
import dev.fovea.io.quantize.QuantizedFile;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Codes of 8 bits beside those of llama.cpp's Q8_0: 32 values share a float16, the largest magnitude over 127. */
class EightBitsTest {
    private static final String NAME = "model.layers.0.mlp.up_proj.weight";
    private static final int ROWS = 70;
    private static final int COLUMNS = 1000; // the last group has padding

    @TempDir
    Path folder;

    @Test
    void errorIsASeventhBelowThatOfTheLargestValueAlone() {
        SplittableRandom random = new SplittableRandom(8);
        float[] values = new float[ROWS * COLUMNS];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() * Math.scalb(1.0, i / 32 % 3));
        }
        double error = error(values);
        double others = errorOfQ8(values);
        assertThat(error).isBetween(0.7 * others, 6 / 7.0 * others);
    }

    @Test
    void rowsOfZerosAndGroupsFarBelowTheRowsLargestStay() {
        float[] values = new float[ROWS * COLUMNS];
        values[3 * COLUMNS + 5] = 1000;
        values[3 * COLUMNS + 40] = 0.01f;
        values[4 * COLUMNS + 999] = -1e-30f;
        assertThat(error(values)).isLessThan(2e-4);
    }

    private double error(float[] values) {
        Path path = folder.resolve("codes.safetensors");
        try (Backend b = new ReferenceBackend();
                Scope _ = Scope.open(b)) {
            Map<String, Tensor> weights = Map.of(NAME, Tensor.of(b, values, ROWS, COLUMNS));
            Quantization int8 = Quantization.parse("int8");
            new QuantizedFile(weights, int8, Map.of(), _ -> {}).write(OutputFile.of(path), Map.of(), Map.of());
        }
        try (Backend b = new ReferenceBackend();
                Safetensors file = Safetensors.open(path)) {
            QuantizedMatrix w = QuantizedParts.find(NAME, ROWS, COLUMNS, b, b, part -> part(file, part))
                    .orElseThrow();
            float[] row = new float[COLUMNS];
            double sum = 0;
            for (int n = 0; n < ROWS; n++) {
                w.row(n, row);
                for (int k = 0; k < COLUMNS; k++) {
                    sum += Math.pow(row[k] - values[n * COLUMNS + k], 2);
                }
            }
            return sum;
        }
    }

    private static Optional<QuantizedParts.Part> part(Safetensors file, String name) {
        return Optional.ofNullable(file.entries().get(name)).map(e -> new QuantizedParts.Part(file, e));
    }

    private static double errorOfQ8(float[] values) {
        double sum = 0;
        for (int n = 0; n < ROWS; n++) {
            for (int from = 0; from < COLUMNS; from += 32) {
                int to = Math.min(COLUMNS, from + 32);
                float largest = 0;
                for (int k = from; k < to; k++) {
                    largest = Math.max(largest, Math.abs(values[n * COLUMNS + k]));
                }
                float scale = Float.float16ToFloat(Float.floatToFloat16(largest / 127));
                for (int k = from; k < to; k++) {
                    float w = values[n * COLUMNS + k];
                    sum += Math.pow(Math.rint(w / scale) * scale - w, 2);
                }
            }
        }
        return sum;
    }
}
