package dev.fovea.io.quantize;

import dev.fovea.files.OutputFile;
import dev.fovea.io.Quantization;
import dev.fovea.io.Quantization.Precision;
import dev.fovea.io.Safetensors;
import dev.fovea.tensor.Tensor;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleConsumer;

/** The weights of linear layers in fewer bits, written one after another with little memory. */
public final class QuantizedFile {
    private static final float[] NONE = {};

    /** Of the time that losslessly packed weights take, what they are read for before the first is written. */
    private static final double COUNTING = 0.2;

    private final Map<String, PackedWeight> weights = new LinkedHashMap<>();
    private final DoubleConsumer listener;
    private final double counted;

    /**
     * @param dense by the model's names, densely packed in the host's memory
     * @param meanSquares by the weights' names, of what meets each of their columns; codes of 4 bits leave a smaller error where
     *     more meets them. Of a weight that has none, all columns count alike
     * @param listener gets the share that is done, 0 to 1, until the file is written
     */
    public QuantizedFile(
            Map<String, Tensor> dense,
            Quantization quantization,
            Map<String, float[]> meanSquares,
            DoubleConsumer listener) {
        this.listener = listener;
        counted = quantization.makes(Precision.LOSSLESS) ? COUNTING : 0;
        double all = dense.values().stream().mapToLong(Tensor::bytes).sum();
        long[] done = {0};
        dense.forEach((name, weight) -> {
            Precision precision = quantization.of(name);
            if (precision == Precision.LOSSLESS) {
                PackedLossless.of(name, weight).ifPresent(packed -> weights.put(name, packed));
                done[0] += weight.bytes();
                listener.accept(counted * done[0] / all);
            }
            precision
                    .form()
                    .map(form -> new PackedMatrix(name, weight, form, meanSquares.getOrDefault(name, NONE)))
                    .ifPresent(packed -> weights.put(name, packed));
        });
    }

    /** Names of the weights that it holds; the others stay as they are. */
    public Set<String> names() {
        return Collections.unmodifiableSet(weights.keySet());
    }

    /**
     * @param rest what is written behind them as it is
     * @param metadata of the file
     * @throws dev.fovea.error.InputException where a weight that becomes codes of few bits is not finite, or the file cannot be written
     */
    public void write(OutputFile file, Map<String, Safetensors.Part> rest, Map<String, String> metadata) {
        Map<String, Safetensors.Part> parts = new LinkedHashMap<>();
        weights.values().forEach(weight -> parts.putAll(weight.parts()));
        parts.putAll(rest);
        long total = parts.values().stream()
                .mapToLong(p -> p.shape().size() * p.type().bits() / Byte.SIZE)
                .sum();
        file.write(out -> Safetensors.write(new Counted(out, total), parts, metadata));
    }

    private final class Counted extends FilterOutputStream {
        private final double total;
        private long written;

        Counted(OutputStream out, double total) {
            super(out);
            this.total = total;
        }

        @Override
        public void write(byte[] bytes, int from, int count) throws IOException {
            out.write(bytes, from, count);
            written += count;
            listener.accept(counted + (1 - counted) * Math.min(1, written / total));
        }
    }
}
