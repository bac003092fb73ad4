package dev.fovea;

import dev.fovea.error.InputException;
import dev.fovea.files.OutputFile;
import dev.fovea.io.Safetensors;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The stages of a prefill in float32, by the names of the reference's modules: see docs/parity.md.
 *
 * <pre>{@code pipe.trace(request).write(Path.of("stages.safetensors"));}</pre>
 */
public final class Trace {
    /** Stages that have a batch axis in the reference: beginnings of their names. */
    private static final List<String> BATCHED = List.of("inputs_embeds", "language.", "encoder.", "decoder.");

    /** The file's metadata, by which a trace is told from weights. */
    private static final Map<String, String> MARK = Map.of("written_by", "fovea trace");

    private final Map<String, List<Stage>> parts = new LinkedHashMap<>();

    Trace() {}

    /**
     * @param values row-major, as many as the shape says
     */
    @SuppressWarnings("ArrayRecordComponent")
    public record Stage(int[] shape, float[] values) {}

    /** A stage that comes several times, once for each picture say, is one after another along its first axis. */
    void add(String name, Tensor tensor) {
        parts.computeIfAbsent(name, _ -> new ArrayList<>())
                .add(new Stage(tensor.shape().toArray(), tensor.toFloats()));
    }

    /** The stages in the order of the computation. */
    public Map<String, Stage> stages() {
        Map<String, Stage> stages = new LinkedHashMap<>();
        parts.forEach((name, list) -> stages.put(name, batched(name, concat(list))));
        return Collections.unmodifiableMap(stages);
    }

    /**
     * Writes a safetensors file.
     *
     * @throws dev.fovea.error.OptionException where there is a file that is no trace: it stays
     * @throws dev.fovea.error.InputException where it cannot be written; what was there before stays
     */
    public void write(Path file) {
        OutputFile.of(file)
                .replacingOnly("a trace of Fovea", Trace::isTrace, "delete it first, or give another file")
                .write(this::write);
    }

    /** Writes the bytes of a safetensors file. The caller closes the stream. */
    public void write(OutputStream out) throws IOException {
        Map<String, Safetensors.Floats> tensors = new LinkedHashMap<>();
        stages().forEach((name, s) -> tensors.put(name, new Safetensors.Floats(Shape.of(s.shape()), s.values())));
        Safetensors.write(out, tensors, MARK);
    }

    /** Whether a file was written here. */
    public static boolean isTrace(Path file) {
        try (Safetensors stages = Safetensors.open(file)) {
            return stages.metadata().equals(MARK);
        } catch (InputException e) {
            return false; // then it is something else
        }
    }

    private static Stage batched(String name, Stage stage) {
        boolean lacksAxis = stage.shape().length == 2 && BATCHED.stream().anyMatch(name::startsWith);
        return lacksAxis ? new Stage(new int[] {1, stage.shape()[0], stage.shape()[1]}, stage.values()) : stage;
    }

    private static Stage concat(List<Stage> parts) {
        if (parts.size() == 1) {
            return parts.getFirst();
        }
        int[] shape = parts.getFirst().shape().clone();
        shape[0] = parts.stream().mapToInt(p -> p.shape()[0]).sum();
        float[] values =
                new float[parts.stream().mapToInt(p -> p.values().length).sum()];
        int at = 0;
        for (Stage part : parts) {
            System.arraycopy(part.values(), 0, values, at, part.values().length);
            at += part.values().length;
        }
        return new Stage(shape, values);
    }

    @Override
    public String toString() {
        List<String> lines = new ArrayList<>();
        stages().forEach((name, s) -> lines.add(name + " " + Arrays.toString(s.shape())));
        return String.join("\n", lines);
    }
}
