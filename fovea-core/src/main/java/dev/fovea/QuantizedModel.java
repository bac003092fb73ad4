package dev.fovea;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import dev.fovea.files.OutputFile;
import dev.fovea.hub.PullOptions;
import dev.fovea.io.Json;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.ModelFingerprint;
import dev.fovea.io.Quantization;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A model directory with weights in codes of few bits, which opens like any other and needs no other.
 *
 * <pre>{@code QuantizedModel.write("Qwen/Qwen2.5-VL-3B-Instruct", Path.of("qwen-int4"), LoadOptions.DEFAULT.withQuantize("int4"));}</pre>
 */
public final class QuantizedModel {
    private static final Pattern WEIGHTS = Pattern.compile(".*\\.(safetensors|bin|index\\.json|gguf|pt|pth)|\\..*");

    private QuantizedModel() {}

    /**
     * @param model as {@link Hub#pull(String)} takes it
     * @param to a folder that is not there yet, or empty
     * @param options of which {@link LoadOptions#withQuantize}, its listener and warnings count
     * @throws OptionException where nothing is to be quantised, or is already
     * @throws InputException where the model cannot be read, or the folder not written
     */
    public static void write(String model, Path to, LoadOptions options) {
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(to, "to");
        Objects.requireNonNull(options, "options");
        Quantization quantization = options.quantization()
                .orElseThrow(() -> new OptionException("quantize is none; expected int8 or int4"));
        Path path = Hub.pull(model, PullOptions.DEFAULT.withWarnings(options.warnings()));
        ModelDirectory directory = ModelDirectory.open(path, options.warnings());
        QuantizedWeights.requireDense(directory);
        makeEmpty(to);
        Fence.of(path, () -> {
            Map<String, String> marks = quantization.marks(ModelFingerprint.of(directory));
            OutputFile weights = OutputFile.of(to.resolve("model.safetensors"));
            QuantizedWeights.writeWhole(
                    directory, Families.of(directory), quantization, marks, weights, options.quantizeListener());
            copyOthers(path, to, marks);
            return to;
        });
    }

    private static void makeEmpty(Path to) {
        try {
            Files.createDirectories(to);
            try (Stream<Path> files = Files.list(to)) {
                if (files.findAny().isPresent()) {
                    throw new OptionException(
                            Quote.of(to) + " is not empty; a quantised model is written into a folder of its own",
                            "give another folder");
                }
            }
        } catch (IOException e) {
            throw InputException.cannot("write", to, e);
        }
    }

    /** Everything but weights; config.json says how they were quantised, and is written last. */
    private static void copyOthers(Path from, Path to, Map<String, String> marks) {
        try (Stream<Path> files = Files.list(from)) {
            List<Path> others = files.filter(Files::isRegularFile)
                    .filter(f -> !WEIGHTS.matcher(f.getFileName().toString()).matches())
                    .toList();
            for (Path file : others) {
                String name = file.getFileName().toString();
                if (!name.equals("config.json")) {
                    Files.copy(file, to.resolve(name));
                }
            }
        } catch (IOException e) {
            throw InputException.cannot("copy the files of", from, e);
        }
        Path config = from.resolve("config.json");
        Map<String, @Nullable Object> json = new LinkedHashMap<>(Json.parseObject(config));
        Map<String, Object> made = new LinkedHashMap<>();
        made.put("quant_method", Quantization.METHOD);
        made.putAll(marks);
        json.put("quantization_config", made);
        OutputFile.of(to.resolve("config.json"))
                .write(out -> out.write(Json.write(json).getBytes(StandardCharsets.UTF_8)));
    }
}
