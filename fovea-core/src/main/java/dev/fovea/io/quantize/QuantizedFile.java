package dev.fovea.io.quantize;

import dev.fovea.files.OutputFile;
import dev.fovea.io.Quantization;
import dev.fovea.io.Safetensors;
import dev.fovea.tensor.Tensor;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.DoubleConsumer;

/** Writes the weights of linear layers in codes of few bits, one after another, with little memory. */
public final class QuantizedFile {
    private static final float[] NONE = {};

    private QuantizedFile() {}

    /**
     * @param weights by the model's names, densely packed in the host's memory
     * @param meanSquares by the weights' names, of what meets each of their columns; codes of 4 bits leave a smaller error where
     *     more meets them. Of a weight that has none, all columns count alike
     * @param rest what is written behind them as it is
     * @param metadata of the file
     * @param listener gets the share that is written, 0 to 1
     * @throws dev.fovea.error.InputException where a weight is not finite, or the file cannot be written
     */
    public static void write(
            OutputFile file,
            Map<String, Tensor> weights,
            Quantization quantization,
            Map<String, float[]> meanSquares,
            Map<String, Safetensors.Part> rest,
            Map<String, String> metadata,
            DoubleConsumer listener) {
        Map<String, Safetensors.Part> parts = new LinkedHashMap<>();
        weights.forEach((name, weight) -> quantization
                .of(name)
                .form()
                .ifPresent(form -> parts.putAll(
                        new PackedMatrix(name, weight, form, meanSquares.getOrDefault(name, NONE)).parts())));
        parts.putAll(rest);
        long total = parts.values().stream()
                .mapToLong(p -> p.shape().size() * p.type().bits() / Byte.SIZE)
                .sum();
        file.write(out -> Safetensors.write(new Counted(out, total, listener), parts, metadata));
    }

    private static final class Counted extends FilterOutputStream {
        private final double total;
        private final DoubleConsumer listener;
        private long written;

        Counted(OutputStream out, double total, DoubleConsumer listener) {
            super(out);
            this.total = total;
            this.listener = listener;
        }

        @Override
        public void write(byte[] bytes, int from, int count) throws IOException {
            out.write(bytes, from, count);
            written += count;
            listener.accept(Math.min(1, written / total));
        }
    }
}
