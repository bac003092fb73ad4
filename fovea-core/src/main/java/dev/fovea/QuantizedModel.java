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
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A model directory with weights in fewer bits, which opens like any other and needs no other.
 *
 * <pre>{@code QuantizedModel.write("Qwen/Qwen2.5-VL-3B-Instruct", Path.of("qwen-int4"), LoadOptions.DEFAULT.withQuantize("int4"));}</pre>
 */
public final class QuantizedModel {
    private static final Pattern WEIGHTS = Pattern.compile(".*\\.(safetensors|bin|index\\.json|gguf|pt|pth)|\\..*");

    private QuantizedModel() {}

    /** {@link #write(String, Path, LoadOptions, List)} without calibration. */
    public static void write(String model, Path to, LoadOptions options) {
        write(model, to, options, List.of());
    }

    /**
     * @param model as {@link Hub#pull(String)} takes it
     * @param to a folder that is not there yet, or empty
     * @param options of which {@link LoadOptions#withQuantize}, its listener and warnings count; with calibration the device, the
     *     dtype and the threads too, with which the model answers
     * @param calibration what the model is asked before, not quantised and greedily, each with its own limit of tokens: codes of 4 bits are
     *     then chosen for what meets the weights meanwhile. Empty for none
     * @throws OptionException where nothing is to be quantised, or is already, or where there is calibration and no codes of 4 bits
     * @throws InputException where the model cannot be read, or the folder not written
     */
    public static void write(String model, Path to, LoadOptions options, List<Request> calibration) {
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(to, "to");
        Objects.requireNonNull(options, "options");
        Objects.requireNonNull(calibration, "calibration");
        calibration.forEach(request -> Objects.requireNonNull(request, "a request of calibration"));
        List<Request> requests = List.copyOf(calibration);
        Quantization quantization = options.quantization()
                .orElseThrow(() -> new OptionException("quantize is none; expected lossless, int8 or int4"));
        Calibration.check(quantization, requests);
        Path path = Hub.pull(model, PullOptions.DEFAULT.withWarnings(options.warnings()));
        ModelDirectory directory = ModelDirectory.open(path, options.warnings());
        QuantizedWeights.requireDense(directory);
        try (Claim _ = Claim.of(to)) {
            Fence.of(path, () -> {
                Calibration known = Calibration.of(path, options, quantization, requests);
                Map<String, String> marks = new TreeMap<>(quantization.marks(ModelFingerprint.of(directory)));
                known.mark().ifPresent(mark -> marks.put("calibration", mark));
                OutputFile weights = OutputFile.of(to.resolve("model.safetensors"));
                QuantizedWeights.writeWhole(
                        directory,
                        Families.of(directory),
                        quantization,
                        known.meanSquares(),
                        marks,
                        weights,
                        options.quantizeListener());
                copyOthers(path, to, marks);
                return to;
            });
        }
    }

    /** A file in an empty folder that keeps other runs out of it. */
    private record Claim(Path file) implements AutoCloseable {
        private static final String NAME = ".fovea-quantising";

        static Claim of(Path folder) {
            try {
                Files.createDirectories(folder);
                Claim claim = new Claim(Files.createFile(folder.resolve(NAME)));
                if (claim.isAlone()) {
                    return claim;
                }
                claim.close();
            } catch (FileAlreadyExistsException e) {
                throw new OptionException(
                        "another run is writing a quantised model into " + Quote.of(folder)
                                + ", or was ended in the middle",
                        "give another folder, or delete this one",
                        e);
            } catch (IOException e) {
                throw InputException.cannot("write", folder, e);
            }
            throw new OptionException(
                    Quote.of(folder) + " is not empty; a quantised model is written into a folder of its own",
                    "give another folder");
        }

        private boolean isAlone() throws IOException {
            try (Stream<Path> files = Files.list(file.getParent())) {
                return files.count() == 1;
            }
        }

        @Override
        public void close() {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                throw InputException.cannot("delete", file, e);
            }
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
