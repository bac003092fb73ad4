package dev.fovea.io;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.files.OutputFile;
import dev.fovea.io.quantize.QuantizedFile;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Codes of 4 bits that are made for what meets the columns. */
class WeightedColumnsTest {
    private static final String NAME = "model.layers.0.mlp.up_proj.weight";
    private static final int ROWS = 40;
    private static final int COLUMNS = 200; // the last group has padding

    @TempDir
    Path folder;

    private final float[] values = values();

    private static float[] values() {
        SplittableRandom random = new SplittableRandom(16);
        float[] values = new float[ROWS * COLUMNS];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.pow(random.nextDouble(-1, 1), 3);
        }
        return values;
    }

    @Test
    void errorIsSmallerWhereMoreMeetsTheWeights() {
        float[] meanSquares = new float[COLUMNS];
        for (int k = 0; k < COLUMNS; k++) {
            meanSquares[k] = k % 7 == 3 ? 40 : k % 3 == 0 ? 0 : 0.5f;
        }
        double plain = error(write("plain", Map.of()), meanSquares);
        double weighted = error(write("weighted", Map.of(NAME, meanSquares)), meanSquares);
        assertThat(weighted).isPositive().isLessThan(0.8 * plain);
    }

    @Test
    void columnsThatAreMetAlikeCountAlike() throws IOException {
        float[] alike = new float[COLUMNS];
        Arrays.fill(alike, 3);
        assertThat(Files.readAllBytes(write("alike", Map.of(NAME, alike))))
                .isEqualTo(Files.readAllBytes(write("nothing", Map.of(NAME, new float[COLUMNS]))));
    }

    private Path write(String file, Map<String, float[]> meanSquares) {
        Path path = folder.resolve(file + ".safetensors");
        try (Backend b = new ReferenceBackend();
                Scope _ = Scope.open(b)) {
            Tensor weight = Tensor.of(b, values, ROWS, COLUMNS);
            new QuantizedFile(Map.of(NAME, weight), Quantization.parse("int4"), meanSquares, _ -> {})
                    .write(OutputFile.of(path), Map.of(), Map.of());
        }
        return path;
    }

    private double error(Path path, float[] meanSquares) {
        try (Backend b = new ReferenceBackend();
                Safetensors file = Safetensors.open(path)) {
            QuantizedMatrix w = QuantizedParts.find(
                            NAME,
                            ROWS,
                            COLUMNS,
                            b,
                            b,
                            part -> Optional.ofNullable(file.entries().get(part))
                                    .map(e -> new QuantizedParts.Part(file, e)))
                    .orElseThrow();
            float[] row = new float[COLUMNS];
            double sum = 0;
            for (int n = 0; n < ROWS; n++) {
                w.row(n, row);
                for (int k = 0; k < COLUMNS; k++) {
                    double difference = row[k] - values[n * COLUMNS + k];
                    sum += difference * difference * meanSquares[k];
                }
            }
            return sum;
        }
    }
}
