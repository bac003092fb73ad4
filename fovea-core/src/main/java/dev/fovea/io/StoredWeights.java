package dev.fovea.io;

import dev.fovea.error.InputException;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** The tensors of weight files under the model's names, with a record of what was asked for and what was wrong. */
final class StoredWeights implements WeightSource {
    private final Path directory;
    private final List<WeightFile> files;
    private final Map<String, Stored> stored;
    private final Backend backend;
    private final Scope converted;

    private final Map<Request, Tensor> answered = new LinkedHashMap<>();
    private final Set<String> asked = new LinkedHashSet<>();
    private final List<Ignored> ignored = new ArrayList<>();
    private final Set<String> missing = new LinkedHashSet<>();
    private final Set<String> misshapen = new LinkedHashSet<>();
    private final Set<String> unsupported = new LinkedHashSet<>();

    private record Stored(WeightFile file, WeightFile.Entry entry) {
        /** The model's name for the tensor, and the file's where it is another. */
        String spelling(String name) {
            return entry.name().equals(name) ? name : name + " (stored as " + entry.name() + ")";
        }
    }

    private record Request(String name, DType computed) {}

    private record Ignored(String reason, Predicate<String> names) {}

    private StoredWeights(Path directory, List<WeightFile> files, Map<String, Stored> stored, Backend backend) {
        this.directory = directory;
        this.files = files;
        this.stored = stored;
        this.backend = backend;
        this.converted = Scope.detached(backend);
    }

    static StoredWeights open(ModelDirectory directory, Backend backend, Renaming names) {
        List<WeightFile> files = directory.openWeights();
        try {
            return new StoredWeights(directory.path(), files, named(files, names), backend);
        } catch (RuntimeException e) {
            files.forEach(WeightFile::close);
            throw e;
        }
    }

    private static Map<String, Stored> named(List<WeightFile> files, Renaming names) {
        Map<String, Stored> result = new LinkedHashMap<>();
        for (WeightFile file : files) {
            for (WeightFile.Entry entry : file.entries().values()) {
                String name = names.apply(entry.name());
                Stored other = result.put(name, new Stored(file, entry));
                if (other != null) {
                    throw new InputException(file.path() + ": " + entry.name() + " and " + other.entry.name()
                            + " are two spellings of the same tensor " + name);
                }
            }
        }
        return result;
    }

    @Override
    public boolean has(String name) {
        return stored.containsKey(name);
    }

    @Override
    public Tensor tensor(String name, DType computed, int[] expected) {
        asked.add(name);
        Stored found = stored.get(name);
        if (found == null) {
            missing.add(name);
            return placeholder(computed, expected);
        }
        Shape shape = found.entry.shape();
        if (!matches(shape, expected)) {
            misshapen.add(found.spelling(name) + " is " + shape + ", expected " + describe(expected));
            return placeholder(computed, expected);
        }
        if (found.entry.type().dtype().isEmpty()) {
            unsupported.add(found.spelling(name) + " (" + found.entry.type() + ")");
            return placeholder(computed, expected);
        }
        return answered.computeIfAbsent(new Request(name, computed), r -> load(found, r.computed));
    }

    private Tensor load(Stored found, DType computed) {
        DType dtype = found.entry.type().dtype().orElseThrow();
        MemorySegment bytes = found.file.segment(found.entry.name());
        if (WeightDtypes.isUsedAsStored(dtype, computed)) {
            return Tensor.dense(backend, dtype, found.entry.shape(), bytes);
        }
        Tensor copy = converted.allocate(computed, found.entry.shape());
        if (backend.holdsData()) {
            WeightDtypes.convert(bytes, dtype, copy);
        }
        return copy;
    }

    private Tensor placeholder(DType dtype, int[] expected) {
        int[] dims = Arrays.stream(expected).map(d -> d == ANY ? 1 : d).toArray();
        return Tensor.dense(backend, dtype, Shape.of(dims), MemorySegment.NULL);
    }

    private static boolean matches(Shape shape, int[] expected) {
        int[] dims = shape.toArray();
        boolean same = dims.length == expected.length;
        for (int i = 0; same && i < dims.length; i++) {
            same = expected[i] == ANY || expected[i] == dims[i];
        }
        return same;
    }

    private static String describe(int[] expected) {
        return Arrays.stream(expected)
                .mapToObj(d -> d == ANY ? "any" : Integer.toString(d))
                .collect(Collectors.joining(", ", "[", "]"));
    }

    // ----------------------------------------------------------------------------------------------------- checks

    @Override
    public void ignore(String reason, Predicate<String> names) {
        ignored.add(new Ignored(reason, names));
    }

    @Override
    public Map<String, String> ignored() {
        Map<String, String> result = new LinkedHashMap<>();
        for (String name : stored.keySet()) {
            if (!asked.contains(name)) {
                ignored.stream().filter(i -> i.names.test(name)).findFirst().ifPresent(i -> result.put(name, i.reason));
            }
        }
        return result;
    }

    @Override
    public void check() {
        Map<String, String> known = ignored();
        Map<String, String> unexpected = new LinkedHashMap<>();
        stored.forEach((name, tensor) -> {
            if (!asked.contains(name) && !known.containsKey(name)) {
                unexpected.put(name, tensor.entry.name());
            }
        });
        new Mismatch(List.copyOf(missing), List.copyOf(misshapen), List.copyOf(unsupported), unexpected)
                .throwIfAny(directory);
    }

    @Override
    public long parameters() {
        Map<String, Long> sizes = new LinkedHashMap<>();
        answered.forEach(
                (request, tensor) -> sizes.put(request.name, tensor.shape().size()));
        return sizes.values().stream().mapToLong(Long::longValue).sum();
    }

    @Override
    public long bytes() {
        return answered.values().stream()
                .mapToLong(t -> t.shape().size() * t.dtype().bytes())
                .sum();
    }

    @Override
    public <T> T read(Supplier<T> computation) {
        files.forEach(WeightFile::checkUnchanged);
        try {
            T result = computation.get();
            files.forEach(WeightFile::checkUnchanged);
            return result;
        } catch (InternalError e) {
            throw MappedFile.sentence(e, directory, () -> files.forEach(WeightFile::checkUnchanged));
        }
    }

    @Override
    public void close() {
        converted.close();
        files.forEach(WeightFile::close);
    }
}
