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
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** Checkpoints of the kit in other layouts: the same weights, so the same answers. */
final class Rewritten {
    private Rewritten() {}

    /**
     * Copies a checkpoint with one weight file.
     *
     * @param names from a stored name to those of the copy: none for a tensor that it does without
     * @param config from config.json to that of the copy
     * @param withoutFiles that the copy does without
     */
    static Path copy(
            Path checkpoint,
            Path target,
            Function<String, List<String>> names,
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
        Files.write(target.resolve("model.safetensors"), renamed(checkpoint.resolve("model.safetensors"), names));
        return target;
    }

    private static byte[] renamed(Path weights, Function<String, List<String>> names) throws IOException {
        Map<String, Object> header = new LinkedHashMap<>();
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        try (Safetensors file = Safetensors.open(weights)) {
            for (Map.Entry<String, WeightFile.Entry> entry : file.entries().entrySet()) {
                for (String name : names.apply(entry.getKey())) {
                    int begin = data.size();
                    data.write(file.segment(entry.getKey()).toArray(ValueLayout.JAVA_BYTE));
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
