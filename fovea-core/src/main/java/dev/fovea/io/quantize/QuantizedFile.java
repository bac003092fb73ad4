package dev.fovea.io.quantize;

import dev.fovea.files.OutputFile;
import dev.fovea.io.Quantization;
import dev.fovea.io.Safetensors;
import dev.fovea.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes the weights of linear layers in codes of few bits, one after another, with little memory. */
public final class QuantizedFile {
    private QuantizedFile() {}

    /**
     * @param weights by the model's names, densely packed in the host's memory
     * @param rest what is written behind them as it is
     * @param metadata of the file
     * @throws dev.fovea.error.InputException where a weight is not finite, or the file cannot be written
     */
    public static void write(
            OutputFile file,
            Map<String, Tensor> weights,
            Quantization quantization,
            Map<String, Safetensors.Part> rest,
            Map<String, String> metadata) {
        Map<String, Safetensors.Part> parts = new LinkedHashMap<>();
        weights.forEach((name, weight) -> quantization
                .of(name)
                .form()
                .ifPresent(form -> parts.putAll(new PackedMatrix(name, weight, form).parts())));
        parts.putAll(rest);
        file.write(out -> Safetensors.write(out, parts, metadata));
    }
}
