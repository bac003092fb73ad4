package dev.fovea.io;

import dev.fovea.error.InputException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * How a checkpoint differs from what a model asked for.
 *
 * @param missing names in the model's spelling
 * @param misshapen descriptions
 * @param unsupported descriptions
 * @param unexpected names in the model's spelling with those in the file's
 */
record Mismatch(
        List<String> missing, List<String> misshapen, List<String> unsupported, Map<String, String> unexpected) {
    private static final int SHOWN = 10;

    /** @throws InputException that names everything that differs */
    void throwIfAny(Path directory) {
        List<String> parts = new ArrayList<>();
        add(parts, missing.stream().limit(SHOWN).map(this::withClosest).toList(), missing.size(), "missing");
        add(parts, misshapen, misshapen.size(), "of another shape");
        add(parts, unsupported, unsupported.size(), "of a dtype that is not supported");
        add(parts, List.copyOf(unexpected.values()), unexpected.size(), "unexpected");
        if (!parts.isEmpty()) {
            throw new InputException(
                    directory + ": the weights are not those that config.json describes: " + String.join("; ", parts),
                    "config.json and weights belong to different models, or this variant is not supported");
        }
    }

    private static void add(List<String> parts, List<String> names, int count, String what) {
        if (count > 0) {
            String more = count > SHOWN ? " and " + (count - SHOWN) + " more" : "";
            parts.add(count + " " + what + ": "
                    + String.join(", ", names.stream().limit(SHOWN).toList()) + more);
        }
    }

    private String withClosest(String name) {
        int near = Math.max(3, name.length() / 4);
        return unexpected.entrySet().stream()
                .min(Comparator.comparingInt(e -> distance(name, e.getKey())))
                .filter(e -> distance(name, e.getKey()) <= near)
                .map(e -> name + " (the file has " + e.getValue() + ")")
                .orElse(name);
    }

    /** Levenshtein's: the least number of letters to insert, delete or replace. */
    private static int distance(String a, String b) {
        int[] previous = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] row = new int[b.length() + 1];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replaced, 1 + Math.min(previous[j], row[j - 1]));
            }
            previous = row;
        }
        return previous[b.length()];
    }
}
