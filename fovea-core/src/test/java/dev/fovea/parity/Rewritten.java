package dev.fovea.parity;

import dev.fovea.io.Config;
import dev.fovea.io.Json;
import dev.fovea.io.Safetensors;
import dev.fovea.io.WeightFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** Checkpoints of the kit in other layouts: the same weights, so the same answers. */
final class Rewritten {
    private Rewritten() {}

    /** {@link #copy(Path, Path, Function, Predicate, UnaryOperator, List)} with every row in its place. */
    static Path copy(
            Path checkpoint,
            Path target,
            Function<String, List<String>> names,
            UnaryOperator<Map<String, Object>> config,
            List<String> withoutFiles)
            throws IOException {
        return copy(checkpoint, target, names, _ -> false, config, withoutFiles);
    }

    /**
     * Copies a checkpoint with one weight file.
     *
     * @param names from a stored name to those of the copy: none for a tensor that it does without
     * @param rolled names of the copy whose rows are moved up by one, the first to the end
     * @param config from config.json to that of the copy
     * @param withoutFiles that the copy does without
     */
    static Path copy(
            Path checkpoint,
            Path target,
            Function<String, List<String>> names,
            Predicate<String> rolled,
            UnaryOperator<Map<String, Object>> config,
            List<String> withoutFiles)
            throws IOException {
        try (Stream<Path> files = Files.list(checkpoint)) {
            for (Path file : files.filter(
                            f -> !withoutFiles.contains(f.getFileName().toString()))
                    .toList()) {
                Files.copy(file, target.resolve(file.getFileName()));
            }
        }
        Files.delete(target.resolve("config.json"));
        Map<String, Object> json =
                new LinkedHashMap<>(Config.of(checkpoint.resolve("config.json")).toMap());
        Files.writeString(target.resolve("config.json"), Json.write(config.apply(json)));
        Files.delete(target.resolve("model.safetensors"));
        Files.write(
                target.resolve("model.safetensors"), renamed(checkpoint.resolve("model.safetensors"), names, rolled));
        return target;
    }

    private static byte[] renamed(Path weights, Function<String, List<String>> names, Predicate<String> rolled)
            throws IOException {
        Map<String, Object> header = new LinkedHashMap<>();
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        try (Safetensors file = Safetensors.open(weights)) {
            for (Map.Entry<String, WeightFile.Entry> entry : file.entries().entrySet()) {
                for (String name : names.apply(entry.getKey())) {
                    int begin = data.size();
                    byte[] bytes = file.segment(entry.getKey()).toArray(ValueLayout.JAVA_BYTE);
                    int row = rolled.test(name)
                            ? bytes.length / entry.getValue().shape().dim(0)
                            : 0;
                    data.write(bytes, row, bytes.length - row);
                    data.write(bytes, 0, row);
                    header.put(
                            name,
                            Map.of(
                                    "dtype", entry.getValue().type().name(),
                                    "shape", entry.getValue().shape().toArray(),
                                    "data_offsets", List.of(begin, data.size())));
                }
            }
        }
        byte[] json = Json.write(header).getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + json.length + data.size())
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json)
                .put(data.toByteArray())
                .array();
    }
}
