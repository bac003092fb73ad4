package dev.fovea.io;

import dev.fovea.tensor.DType;
import dev.fovea.tensor.Matrix;
import dev.fovea.tensor.Tensor;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Where a {@link Weights} cursor gets its tensors: by full name, in the model's spelling. */
interface WeightSource {
    /** An extent that may be anything. */
    int ANY = -1;

    boolean has(String name);

    /**
     * How many layers can be walked below a name where a configuration says that there are {@code count}: all of them, or one
     * where the file has none there, so that its tensors are reported as missing.
     *
     * @throws dev.fovea.error.InputException where the file has some, and fewer
     */
    int layers(String name, int count);

    /** The tensor; where it is missing or has another shape, a placeholder without data, and the problem is remembered. */
    Tensor tensor(String name, DType computed, int[] expected);

    /** The weight of a linear layer, quantised where it is stored so. As {@link #tensor}. */
    Matrix matrix(String name, DType computed, int rows, int columns);

    /** The weights of linear layers that were asked for, by their names. */
    Map<String, Matrix> matrices();

    /** As {@link Weights#stored}. */
    Map<String, Safetensors.Part> stored(Set<String> without);

    /** As {@link Weights#tie}, by full names. */
    void tie(String name, String source);

    void ignore(String reason, Predicate<String> names);

    Map<String, String> ignored();

    void check();

    /** As {@link Weights#elements}. */
    Map<String, Long> elements();

    /** As {@link Weights#sizes}. */
    Map<String, Long> sizes();

    /** As {@link Weights#cardSizes}. */
    Map<String, Long> cardSizes();

    /** As {@link Weights#mayCopy}. */
    boolean mayCopy(DType computed);

    /** As {@link Weights#copies}. */
    long copies();

    /** As {@link Weights#read}. */
    <T> T read(Supplier<T> computation);

    void close();
}
