package dev.fovea.io;

import dev.fovea.tensor.DType;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a checkpoint holds, from its headers alone. Tensors on the same bytes, as tied ones in pytorch_model.bin, count once.
 *
 * @param parametersByComponent number of elements by component; what belongs to none is under {@link #OTHER}
 * @param bytesByType stored bytes by element type
 */
public record WeightSummary(Map<String, Long> parametersByComponent, Map<StoredType, Long> bytesByType) {
    public static final String OTHER = "other";

    /**
     * @param components beginnings of the model's names, such as {@code model.visual}; a tensor counts to the first that fits
     * @throws dev.fovea.error.InputException as {@link ModelDirectory#openWeights}
     */
    public static WeightSummary of(ModelDirectory directory, Renaming names, String... components) {
        List<WeightFile> files = directory.openWeights();
        try {
            return of(files, names, List.of(components));
        } finally {
            files.forEach(WeightFile::close);
        }
    }

    static WeightSummary of(List<WeightFile> files, Renaming names, List<String> components) {
        Map<String, Long> parameters = new LinkedHashMap<>();
        Map<StoredType, Long> bytes = new EnumMap<>(StoredType.class);
        components.forEach(c -> parameters.put(c, 0L));
        for (WeightFile file : files) {
            Set<List<Long>> counted = new HashSet<>();
            for (WeightFile.Entry entry : file.entries().values()) {
                if (entry.bytes() > 0 && !counted.add(List.of(entry.begin(), entry.end()))) {
                    continue; // tied to one before
                }
                String name = names.apply(entry.name());
                String component = components.stream()
                        .filter(c -> name.equals(c) || name.startsWith(c + "."))
                        .findFirst()
                        .orElse(OTHER);
                parameters.merge(component, entry.shape().size(), Long::sum);
                bytes.merge(entry.type(), entry.bytes(), Long::sum);
            }
        }
        return new WeightSummary(Collections.unmodifiableMap(parameters), Collections.unmodifiableMap(bytes));
    }

    public long parameters() {
        return sum(parametersByComponent);
    }

    /** Bytes in the files. */
    public long bytes() {
        return sum(bytesByType);
    }

    /** Bytes that {@link Weights} has to convert, and so to allocate, for a model that computes in a dtype. */
    public long convertedBytes(DType computed) {
        long bytes = 0;
        for (Map.Entry<StoredType, Long> e : bytesByType.entrySet()) {
            StoredType type = e.getKey();
            if (type.dtype().isPresent()
                    && !WeightDtypes.isUsedAsStored(type.dtype().get(), computed)) {
                bytes += e.getValue() / (type.bits() / Byte.SIZE) * computed.bytes();
            }
        }
        return bytes;
    }

    private static long sum(Map<?, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }
}
