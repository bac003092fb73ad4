package dev.fovea.io;

import dev.fovea.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Which stored tensors a model asked for, and what was wrong with them. */
final class WeightRecord {
    private final StoredTensors stored;
    private final Set<String> asked = new LinkedHashSet<>();
    private final List<Ignored> ignored = new ArrayList<>();
    private final Set<String> missing = new LinkedHashSet<>();
    private final Set<String> misshapen = new LinkedHashSet<>();
    private final Set<String> unsupported = new LinkedHashSet<>();

    private record Ignored(String reason, Predicate<String> names) {}

    WeightRecord(StoredTensors stored) {
        this.stored = stored;
    }

    /** @param name as {@link StoredTensors#resolve} gives it */
    void asked(String name) {
        asked.add(name);
    }

    void missing(String name) {
        missing.add(name);
    }

    /** @param name as people find it in the file */
    void misshapen(String name, Shape shape, int[] expected) {
        misshapen.add(name + " is " + shape + ", expected " + describe(expected));
    }

    /** @return whether there are none */
    boolean misfits(List<String> found) {
        misshapen.addAll(found);
        return found.isEmpty();
    }

    /** @param name as people find it in the file */
    void unsupported(String name, StoredType type) {
        unsupported.add(name + " (" + type + ")");
    }

    /** Whether a shape is as expected, where {@link WeightSource#ANY} is any extent. */
    static boolean matches(Shape shape, int... expected) {
        int[] dims = shape.toArray();
        boolean same = dims.length == expected.length;
        for (int i = 0; same && i < dims.length; i++) {
            same = expected[i] == WeightSource.ANY || expected[i] == dims[i];
        }
        return same;
    }

    private static String describe(int[] expected) {
        return Arrays.stream(expected)
                .mapToObj(d -> d == WeightSource.ANY ? "any" : Integer.toString(d))
                .collect(Collectors.joining(", ", "[", "]"));
    }

    // ------------------------------------------------------------------------------------------------- not asked for

    void ignore(String reason, Predicate<String> names) {
        ignored.add(new Ignored(reason, names));
    }

    Map<String, String> ignored() {
        Map<String, String> result = new LinkedHashMap<>();
        for (String name : unasked()) {
            ignored.stream().filter(i -> i.names.test(name)).findFirst().ifPresent(i -> result.put(name, i.reason));
        }
        return result;
    }

    private List<String> unasked() {
        return stored.names().stream()
                .filter(name -> !asked.contains(stored.resolve(name)))
                .toList();
    }

    /** @throws dev.fovea.error.InputException with all that was wrong */
    void check(ModelDirectory directory) {
        Map<String, String> known = ignored();
        Map<String, String> unexpected = new LinkedHashMap<>();
        for (String name : unasked()) {
            if (!known.containsKey(name)) {
                unexpected.put(name, stored.find(name).orElseThrow().entry().name());
            }
        }
        new Mismatch(
                        asked.size(),
                        List.copyOf(missing),
                        List.copyOf(misshapen),
                        List.copyOf(unsupported),
                        Collections.unmodifiableMap(unexpected))
                .report(directory);
    }
}
