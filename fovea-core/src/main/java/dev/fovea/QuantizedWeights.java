package dev.fovea;

import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import dev.fovea.error.Reason;
import dev.fovea.error.Warnings;
import dev.fovea.files.OutputFile;
import dev.fovea.hub.HubEnvironment;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.ModelFingerprint;
import dev.fovea.io.Quantization;
import dev.fovea.io.Quantization.Precision;
import dev.fovea.io.Safetensors;
import dev.fovea.io.WeightFile;
import dev.fovea.io.Weights;
import dev.fovea.io.quantize.QuantizedFile;
import dev.fovea.models.Family;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.LosslessMatrix;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.DoubleConsumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The weights of a 16-bit model in fewer bits: made at the first use, kept beside the hub's cache, and mapped from then on. */
final class QuantizedWeights {
    private static final String FOLDER = "fovea-quantized";
    private static final String EXTENSION = ".safetensors";

    private QuantizedWeights() {}

    /**
     * The file of a directory's quantised weights, made if it is not there; empty where none are asked for, or none would be used.
     *
     * @param dtype that the model computes in
     */
    static Optional<WeightFile> open(
            ModelDirectory directory, Family family, LoadOptions options, DType dtype, Backend backend) {
        if (options.quantization().isEmpty()) {
            return Optional.empty();
        }
        requireDense(directory);
        Quantization quantization = options.quantization().get();
        requireBfloat16(directory, quantization, dtype);
        if (!quantization.rounds() && backend.homes().stream().noneMatch(Backend::isHost)) {
            options.warnings()
                    .warn("quantize lossless makes nothing smaller on " + backend.name()
                            + ", where weights are widened; they are used as they are stored");
            return Optional.empty();
        }
        Map<String, String> marks = quantization.marks(ModelFingerprint.of(directory));
        Path file = file(directory, quantization, marks);
        Optional<WeightFile> held = held(file, marks);
        if (held.isPresent()) {
            return held;
        }
        Runnable begins = () -> options.warnings()
                .warn("the weights of " + Quote.of(directory.path()) + " are " + making(quantization)
                        + " once, and kept in " + Quote.of(file));
        makeFolder(file);
        OutputFile out = OutputFile.of(file);
        write(directory, family, quantization, Map.of(), marks, out, false, options.quantizeListener(), begins);
        deleteOutdated(file, marks, options.warnings());
        return Optional.of(Safetensors.open(file));
    }

    static String making(Quantization quantization) {
        return switch (quantization.layers()) {
            case NONE -> "made " + quantization;
            case LOSSLESS -> "packed into 12 bits";
            case INT8, INT4 -> "made " + quantization.layers();
        };
    }

    /**
     * Quantises the weights of a directory into a file, and copies the others into it.
     *
     * @param meanSquares as {@link QuantizedFile} takes it
     */
    static void writeWhole(
            ModelDirectory directory,
            Family family,
            Quantization quantization,
            Map<String, float[]> meanSquares,
            Map<String, String> marks,
            OutputFile file,
            DoubleConsumer listener) {
        write(directory, family, quantization, meanSquares, marks, file, true, listener, () -> {});
    }

    private static void write(
            ModelDirectory directory,
            Family family,
            Quantization quantization,
            Map<String, float[]> meanSquares,
            Map<String, String> marks,
            OutputFile file,
            boolean whole,
            DoubleConsumer listener,
            Runnable begins) {
        try (ReferenceBackend backend = new ReferenceBackend();
                Weights weights = Weights.open(directory, backend, DType.FLOAT32, family.renaming())) {
            weights.read(() -> {
                family.load(directory.config(), weights).close();
                weights.check();
                Map<String, Tensor> dense = dense(directory, weights);
                QuantizedFile packed = new QuantizedFile(dense, quantization, meanSquares, listener);
                requireLossless(directory, quantization, dense, packed.names());
                begins.run();
                Map<String, Safetensors.Part> rest = whole ? weights.stored(packed.names()) : Map.of();
                packed.write(file, rest, marks);
                return directory;
            });
        }
    }

    private static Map<String, Tensor> dense(ModelDirectory directory, Weights weights) {
        Map<String, Tensor> dense = new LinkedHashMap<>();
        weights.matrices().forEach((name, matrix) -> {
            switch (matrix) {
                case Tensor t -> dense.put(name, t);
                case LosslessMatrix _, QuantizedMatrix _ -> throw already(directory);
            }
        });
        return dense;
    }

    /** @throws OptionException where nothing would be packed, or what is kept bit for bit would be rounded */
    private static void requireBfloat16(ModelDirectory directory, Quantization quantization, DType dtype) {
        if (!quantization.makes(Precision.LOSSLESS) || dtype != DType.FLOAT16) {
            return;
        }
        if (directory.storedDtype() == DType.FLOAT16) {
            throw new OptionException(
                    "quantize lossless packs weights in bfloat16; those of " + Quote.of(directory.path())
                            + " are float16, of which it would make none smaller",
                    "leave --quantize lossless out; int8 takes weights of any dtype");
        } else {
            throw new OptionException(
                    "quantize lossless keeps weights in bfloat16, with which a model in float16 does not compute",
                    "--dtype bfloat16 or float32, or leave --quantize lossless out");
        }
    }

    /** @throws OptionException where nothing is packed that was to be */
    private static void requireLossless(
            ModelDirectory directory, Quantization quantization, Map<String, Tensor> dense, Set<String> packed) {
        List<String> asked = dense.keySet().stream()
                .filter(name -> quantization.of(name) == Precision.LOSSLESS)
                .toList();
        if (quantization.makes(Precision.LOSSLESS) && asked.stream().noneMatch(packed::contains)) {
            String dtypes = asked.stream()
                    .map(name -> Objects.requireNonNull(dense.get(name)).dtype().torchName())
                    .distinct()
                    .sorted()
                    .collect(Collectors.joining(", "));
            throw new OptionException(
                    "quantize lossless packs weights in bfloat16 with a multiple of " + LosslessMatrix.BLOCK
                            + " columns; " + Quote.of(directory.path()) + " has none that it would make smaller"
                            + (dtypes.isEmpty() ? "" : " (they are " + dtypes + ")"),
                    "int8 takes weights of any dtype");
        }
    }

    /** @throws OptionException where the weights are quantised already */
    static void requireDense(ModelDirectory directory) {
        if (directory.isQuantised()) {
            throw already(directory);
        }
    }

    private static OptionException already(ModelDirectory directory) {
        return new OptionException(
                Quote.of(directory.path()) + " holds weights that are quantised already", "open it without --quantize");
    }

    private static Path file(ModelDirectory directory, Quantization quantization, Map<String, String> marks) {
        String name =
                String.valueOf(directory.path().toAbsolutePath().normalize().getFileName());
        String key = Integer.toHexString(marks.hashCode());
        return HubEnvironment.system()
                .cache()
                .resolveSibling(FOLDER)
                .resolve(name + "-" + quantization.toString().replaceAll("[,=]", "-") + "-"
                        + Objects.requireNonNull(marks.get("source")).substring(0, 16) + key + EXTENSION);
    }

    /** Deletes what other versions of Fovea made of the same weights in the same form: it is large, and nobody opens it any more. */
    static void deleteOutdated(Path file, Map<String, String> marks, Warnings warnings) {
        String name = file.getFileName().toString();
        String start = name.substring(0, name.lastIndexOf('-') + 1);
        try (Stream<Path> all = Files.list(file.toAbsolutePath().getParent())) {
            for (Path other : all.toList()) {
                String otherName = other.getFileName().toString();
                if (otherName.startsWith(start) && otherName.endsWith(EXTENSION) && isOutdated(other, marks)) {
                    Files.delete(other);
                }
            }
        } catch (IOException e) {
            warnings.warn("what another version of Fovea left beside " + Quote.of(file) + " cannot be deleted: "
                    + Reason.of(e));
        }
    }

    /** Whether a file has the same marks but for the version. */
    private static boolean isOutdated(Path file, Map<String, String> marks) {
        try (Safetensors other = Safetensors.open(file)) {
            Map<String, String> asNow = new LinkedHashMap<>(other.metadata());
            asNow.replace(Quantization.VERSION_MARK, Objects.requireNonNull(marks.get(Quantization.VERSION_MARK)));
            return !other.metadata().equals(marks) && asNow.equals(marks);
        } catch (InputException e) {
            return false; // nobody knows what it was
        }
    }

    /** A file that is whole and was made of these weights in this way. */
    static Optional<WeightFile> held(Path file, Map<String, String> marks) {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        Safetensors held;
        try {
            held = Safetensors.open(file);
        } catch (InputException e) {
            return Optional.empty(); // cut or damaged: made anew
        }
        if (held.metadata().equals(marks)) {
            return Optional.of(held);
        }
        held.close();
        return Optional.empty();
    }

    private static void makeFolder(Path file) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
        } catch (IOException e) {
            throw InputException.cannot("make the folder of", file, e);
        }
    }
}
