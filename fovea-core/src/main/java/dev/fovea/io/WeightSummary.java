package dev.fovea.io;

import java.util.Collections;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a checkpoint holds, from its headers alone. Tensors on the same bytes, as tied ones in pytorch_model.bin, count once.
 *
 * @param bytesByType stored bytes by element type
 */
public record WeightSummary(Map<StoredType, Long> bytesByType) {
    /** @throws dev.fovea.error.InputException as {@link ModelDirectory#openWeights} */
    public static WeightSummary of(ModelDirectory directory) {
        List<WeightFile> files = directory.openWeights();
        try {
            return of(files);
        } finally {
            files.forEach(WeightFile::close);
        }
    }

    private static WeightSummary of(List<WeightFile> files) {
        Map<StoredType, Long> bytes = new EnumMap<>(StoredType.class);
        for (WeightFile file : files) {
            Set<List<Long>> counted = new HashSet<>();
            for (WeightFile.Entry entry : file.entries().values()) {
                if (entry.bytes() == 0 || counted.add(List.of(entry.begin(), entry.end()))) {
                    bytes.merge(entry.type(), entry.bytes(), Long::sum);
                }
            }
        }
        return new WeightSummary(Collections.unmodifiableMap(bytes));
    }
}
