package dev.fovea;

import dev.fovea.error.OptionException;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.io.Quantization;
import dev.fovea.io.Quantization.Precision;
import dev.fovea.nn.Linear;
import dev.fovea.tensor.Matrix;
import dev.fovea.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * What meets the weights of linear layers while a model answers.
 *
 * @param requests that it answered
 * @param rows that met a weight, at most
 * @param meanSquares by the weights' names, of each column's values
 */
record Calibration(int requests, long rows, Map<String, float[]> meanSquares) {
    /**
     * @param options of which the device, the dtype and the threads count, and the warnings
     * @param quantization that tells which weights become codes of 4 bits: of the others nothing is known
     */
    static Calibration of(Path directory, LoadOptions options, Quantization quantization, List<Request> requests) {
        if (requests.isEmpty()) {
            return new Calibration(0, 0, Map.of());
        }
        Sums sums = new Sums();
        try (Pipeline pipe = Pipeline.of("image-text-to-text", directory.toString(), options.withQuantize("none"))) {
            requests.forEach(pipe::inputs); // what is wrong with the last is said before the first is answered
            pipe.model().matrices().forEach((name, weight) -> {
                if (quantization.of(name) == Precision.INT4) {
                    sums.names.put(weight, name);
                }
            });
            for (Request request : requests) {
                GenerationConfig greedy = request.generate().withDoSample(false).withNumBeams(1);
                Request given = request.withGenerate(greedy);
                List<Integer> answer = pipe.answerIds(given);
                Linear.withInputs(sums::add, () -> {
                    pipe.trace(given.withAnswerIds(answer), (_, _) -> {});
                    return answer;
                });
            }
        }
        return new Calibration(requests.size(), sums.mostRows(), sums.means());
    }

    /** @throws OptionException where no weight would become codes of 4 bits, which alone are chosen */
    static void check(Quantization quantization, List<Request> requests) {
        if (!requests.isEmpty() && !quantization.makes(Precision.INT4)) {
            throw new OptionException(
                    "calibration chooses codes of 4 bits, and " + quantization + " has none",
                    "leave --calibrate out, or take int4");
        }
    }

    /** What tells it from others; empty where there was none. */
    Optional<String> mark() {
        if (requests == 0) {
            return Optional.empty();
        }
        CRC32C sum = new CRC32C();
        meanSquares.forEach((name, values) -> {
            ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES);
            bytes.asFloatBuffer().put(values);
            sum.update(bytes);
        });
        String number = HexFormat.of().toHexDigits((int) sum.getValue());
        return Optional.of(requests + (requests == 1 ? " answer, " : " answers, ") + rows + " rows, " + number);
    }

    /** Of one thread. */
    private static final class Sums {
        final IdentityHashMap<Matrix, String> names = new IdentityHashMap<>();
        private final Map<String, double[]> squares = new LinkedHashMap<>();
        private final Map<String, Long> counts = new LinkedHashMap<>();

        void add(Matrix weight, Tensor x) {
            String name = names.get(weight);
            if (name == null) {
                return; // it gets no codes of 4 bits
            }
            float[] values = x.toFloats();
            double[] sums = squares.computeIfAbsent(name, _ -> new double[x.dim(1)]);
            for (int i = 0; i < values.length; i++) {
                sums[i % sums.length] += (double) values[i] * values[i];
            }
            counts.merge(name, (long) x.dim(0), Long::sum);
        }

        long mostRows() {
            return counts.values().stream().mapToLong(n -> n).max().orElse(0);
        }

        Map<String, float[]> means() {
            Map<String, float[]> means = new LinkedHashMap<>();
            squares.forEach((name, sums) -> {
                float[] values = new float[sums.length];
                for (int k = 0; k < values.length; k++) {
                    values[k] = (float) (sums[k] / counts.getOrDefault(name, 1L));
                }
                means.put(name, values);
            });
            return means;
        }
    }
}
