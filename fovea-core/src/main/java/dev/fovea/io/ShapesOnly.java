package dev.fovea.io;

import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Matrix;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Every tensor exists in the shape that is asked for, without data. */
final class ShapesOnly implements WeightSource {
    /** Rows of a table whose length only the file knows; such tables are not counted. */
    private static final int UNKNOWN_ROWS = 1 << 16;

    private final Backend backend;
    private final Map<String, Tensor> counted = new LinkedHashMap<>();
    private final Map<String, String> ties = new HashMap<>();

    ShapesOnly(Backend backend) {
        this.backend = backend;
    }

    @Override
    public boolean has(String name) {
        return true;
    }

    @Override
    public int layers(String name, int count) {
        return count;
    }

    @Override
    public Tensor tensor(String name, DType computed, int[] expected) {
        boolean open = expected.length > 0 && expected[0] == ANY;
        Shape shape = open ? Shape.of(withRows(expected)) : Shape.of(expected);
        Tensor tensor = Tensor.dense(backend, computed, shape, MemorySegment.NULL);
        if (!open) {
            counted.put(ties.getOrDefault(name, name), tensor);
        }
        return tensor;
    }

    @Override
    public Matrix matrix(String name, DType computed, int rows, int columns) {
        return tensor(name, computed, new int[] {rows, columns});
    }

    @Override
    public Map<String, Matrix> matrices() {
        return Map.of();
    }

    @Override
    public Map<String, Safetensors.Part> stored(Set<String> without) {
        return Map.of();
    }

    private static int[] withRows(int[] expected) {
        int[] dims = expected.clone();
        dims[0] = UNKNOWN_ROWS;
        return dims;
    }

    @Override
    public void tie(String name, String source) {
        ties.put(name, source);
    }

    @Override
    public void ignore(String reason, Predicate<String> names) {}

    @Override
    public Map<String, String> ignored() {
        return Map.of();
    }

    @Override
    public void check() {}

    @Override
    public Map<String, Long> elements() {
        Map<String, Long> elements = new LinkedHashMap<>();
        counted.forEach((name, tensor) -> elements.put(name, tensor.shape().size()));
        return elements;
    }

    @Override
    public Map<String, Long> sizes() {
        Map<String, Long> sizes = new LinkedHashMap<>();
        counted.forEach((name, tensor) -> sizes.put(name, tensor.bytes()));
        return sizes;
    }

    @Override
    public Map<String, Long> cardSizes() {
        return sizes();
    }

    @Override
    public boolean mayCopy(DType computed) {
        return false;
    }

    @Override
    public long copies() {
        return 0;
    }

    @Override
    public <T> T read(Supplier<T> computation) {
        return computation.get();
    }

    @Override
    public void close() {}
}
