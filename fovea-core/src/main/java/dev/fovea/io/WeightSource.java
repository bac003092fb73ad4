package dev.fovea.io;

import dev.fovea.tensor.DType;
import dev.fovea.tensor.Tensor;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Where a {@link Weights} cursor gets its tensors: by full name, in the model's spelling. */
interface WeightSource {
    /** An extent that may be anything. */
    int ANY = -1;

    boolean has(String name);

    /** The tensor; where it is missing or has another shape, a placeholder without data, and the problem is remembered. */
    Tensor tensor(String name, DType computed, int[] expected);

    /** As {@link Weights#tie}, by full names. */
    void tie(String name, String source);

    void ignore(String reason, Predicate<String> names);

    Map<String, String> ignored();

    void check();

    long parameters();

    long bytes();

    /** As {@link Weights#read}. */
    <T> T read(Supplier<T> computation);

    void close();
}
