package dev.fovea.io.quantize;

import dev.fovea.files.OutputFile;
import dev.fovea.io.Quantization;
import dev.fovea.io.Safetensors;
import dev.fovea.tensor.QuantizedMatrix.Form;
import dev.fovea.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.DoubleConsumer;

/** Writes the weights of linear layers in codes of few bits, one after another, with little memory. */
public final class QuantizedFile {
    private QuantizedFile() {}

    /**
     * @param weights by the model's names, densely packed in the host's memory
     * @param rest what is written behind them as it is
     * @param metadata of the file
     * @param progress gets the share that is done, from any thread
     * @throws dev.fovea.error.InputException where a weight is not finite, or the file cannot be written
     */
    public static void write(
            OutputFile file,
            Map<String, Tensor> weights,
            Quantization quantization,
            Map<String, Safetensors.Part> rest,
            Map<String, String> metadata,
            DoubleConsumer progress) {
        Map<String, Safetensors.Part> parts = new LinkedHashMap<>();
        long tiles = weights.values().stream().mapToLong(TileValues::tiles).sum();
        AtomicLong done = new AtomicLong();
        weights.forEach((name, weight) -> {
            Optional<Form> form = quantization.of(name).form();
            form.ifPresent(f -> parts.putAll(new PackedMatrix(
                            name, weight, f, () -> progress.accept((double) done.incrementAndGet() / tiles))
                    .parts()));
        });
        parts.putAll(rest);
        file.write(out -> Safetensors.write(out, parts, metadata));
    }
}
