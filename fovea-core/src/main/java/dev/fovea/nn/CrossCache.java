package dev.fovea.nn;

import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values of what decoders attend across to: the encoded inputs of several requests, for all layers. They are computed
 * once for each input; queries, of any number of beams, name the input that they see.
 *
 * <p>Used by one thread. {@link #close}, by any thread, frees the memory; where a call is running, that does it at its end.
 */
public final class CrossCache implements AutoCloseable {
    private final Backend backend;
    private final Scope memory;
    private final DType dtype;
    private final Shape shape;
    private final @Nullable Tensor[] keys;
    private final @Nullable Tensor[] values;
    private final int[][] rows; // per input: position -> row

    /** @param lengths positions of each input */
    public CrossCache(Backend backend, DType dtype, int layers, int heads, int headDim, int[] lengths) {
        this.backend = backend;
        memory = Scope.detached(backend);
        rows = new int[lengths.length][];
        int total = 0;
        for (int i = 0; i < lengths.length; i++) {
            rows[i] = IntStream.range(total, total + lengths[i]).toArray();
            total += lengths[i];
        }
        this.dtype = dtype;
        shape = Shape.of(total, heads, headDim);
        keys = new Tensor[layers];
        values = new Tensor[layers];
    }

    /**
     * Stores an input's keys and values for a layer.
     *
     * @param k (S, H, headDim)
     * @param v (S, H, headDim)
     */
    public void put(int layer, int input, Tensor k, Tensor v) {
        try (var _ = memory.use("cache")) {
            backend.scatterRows(of(keys, layer, k), rows[input], k);
            backend.scatterRows(of(values, layer, v), rows[input], v);
        }
    }

    /** A layer's tensor, in the home of what is written to it first. */
    private Tensor of(@Nullable Tensor[] tensors, int layer, Tensor written) {
        Tensor tensor = tensors[layer];
        if (tensor == null) {
            tensor = memory.allocate(written.home(), dtype, shape);
            tensors[layer] = tensor;
        }
        return tensor;
    }

    /** For queries that each see the whole of one input. */
    public Mask mask(int[] inputs) {
        int[] to = Arrays.stream(inputs).map(i -> rows[i].length).toArray();
        return new Mask(inputs, new int[inputs.length], to, rows);
    }

    /**
     * @param q (T, H, headDim)
     * @param mask of {@link #mask}
     * @return (T, H, headDim)
     */
    public Tensor attend(int layer, Tensor q, Mask mask, float scale) {
        try (var _ = memory.use("cache")) {
            Tensor k = Objects.requireNonNull(keys[layer], "keys");
            Tensor v = Objects.requireNonNull(values[layer], "values");
            return backend.attention(q, k, v, mask, scale);
        }
    }

    /** Bytes of memory held. */
    public long bytes() {
        return memory.bytes();
    }

    @Override
    public void close() {
        memory.close();
    }
}
