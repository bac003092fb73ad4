package dev.fovea.nn;

import dev.fovea.error.MemoryException;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.HostMemory;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.BitSet;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Keys and values of some layers as rows of tensors that grow. A row belongs to whoever uses it: several sequences may, and the last
 * one gives it back.
 *
 * <p>Used by one thread. {@link #close}, by any thread, frees the memory; where a call is running, that does it at its end.
 */
final class CacheRows implements AutoCloseable {
    private static final int FIRST_ROWS = 64;

    private final Backend backend;
    private final DType dtype;
    private final int heads;
    private final int headDim;
    private final BitSet taken = new BitSet();
    private int[] users = {};
    private int count;
    private int capacity;
    private int layers;
    private Scope memory;
    private Tensor[] keys = {};
    private Tensor[] values = {};

    CacheRows(Backend backend, DType dtype, int heads, int headDim) {
        this.backend = backend;
        this.dtype = dtype;
        this.heads = heads;
        this.headDim = headDim;
        memory = Scope.detached(backend);
    }

    /** Before the first row. */
    int addLayer() {
        return layers++;
    }

    /** Bytes of a row in all layers. */
    long rowBytes() {
        return 2L * layers * heads * headDim * dtype.bytes();
    }

    /** Bytes of memory held. */
    long bytes() {
        return memory.bytes();
    }

    /** Rows in use. */
    int count() {
        return count;
    }

    /**
     * Makes sure that so many rows can be taken.
     *
     * @param relief gives rows back for which there is no memory; false where it has none left
     * @throws MemoryException where there is none for them even so; nothing has changed
     */
    void reserve(int more, BooleanSupplier relief) {
        while (count + more > capacity) {
            try {
                growTo(count + more + FIRST_ROWS);
            } catch (MemoryException e) {
                if (!relief.getAsBoolean()) {
                    throw e;
                }
            }
        }
    }

    /** To so many rows at least. */
    private void growTo(int least) {
        int ample = Math.max(least, capacity + capacity / 2);
        int grown = isRoom(ample) ? ample : least;
        requireRoom(grown);
        Scope larger = Scope.detached(backend);
        try (var _ = memory.use("cache")) {
            Tensor[] k = grow(keys, larger, grown);
            values = grow(values, larger, grown);
            keys = k;
        } catch (RuntimeException | Error e) {
            larger.close();
            throw e;
        }
        memory.close();
        memory = larger;
        capacity = grown;
        users = Arrays.copyOf(users, grown);
    }

    private boolean isRoom(int rows) {
        return !backend.isHost() || HostMemory.holds(rows * rowBytes());
    }

    private void requireRoom(int rows) {
        if (backend.isHost()) {
            HostMemory.require(
                    rows * rowBytes(),
                    "keys and values of " + rows + " positions need",
                    "lower max_new_tokens, num_return_sequences, num_beams or the batch size, or shorten the prompt");
        }
    }

    private Tensor[] grow(Tensor[] tensors, Scope scope, int grown) {
        Tensor[] result = new Tensor[layers];
        int[] all = IntStream.range(0, capacity).toArray();
        for (int i = 0; i < layers; i++) {
            Shape shape = Shape.of(grown, heads, headDim);
            if (capacity == 0) {
                result[i] = scope.allocate(dtype, shape);
            } else {
                result[i] = scope.allocate(tensors[i].home(), dtype, shape);
                backend.scatterRows(result[i], all, tensors[i]);
            }
        }
        return result;
    }

    /** Takes reserved rows, each with one user, the lowest first. */
    void take(int[] to, int from, int n) {
        int row = 0;
        for (int i = from; i < from + n; i++) {
            row = taken.nextClearBit(row);
            taken.set(row);
            users[row] = 1;
            to[i] = row;
        }
        count += n;
    }

    /** One more user for each of these rows; those of -1 are passed over. */
    void share(int[] rows, int from, int to) {
        for (int i = from; i < to; i++) {
            if (rows[i] >= 0) {
                users[rows[i]]++;
            }
        }
    }

    /** One user less. */
    void giveBack(int row) {
        if (--users[row] == 0) {
            taken.clear(row);
            count--;
        }
    }

    void giveBack(int[] rows, int from, int to) {
        for (int i = from; i < to; i++) {
            if (rows[i] >= 0) {
                giveBack(rows[i]);
            }
        }
    }

    /** @param k (rows.length, heads, headDim), v likewise */
    void put(int layer, int[] rows, Tensor k, Tensor v) {
        try (var _ = memory.use("cache")) {
            backend.scatterRows(settle(keys, layer, k), rows, k);
            backend.scatterRows(settle(values, layer, v), rows, v);
        }
    }

    /** A layer's tensor, in the home of what is written to it: where the layer computes. */
    private static Tensor settle(Tensor[] tensors, int layer, Tensor written) {
        Tensor tensor = tensors[layer];
        if (tensor.home() != written.home()) {
            tensors[layer] = Scope.beside(tensor, written.home());
            tensor.backend().move(tensor, tensors[layer]);
        }
        return tensors[layer];
    }

    /** @param q (T, H, headDim) */
    Tensor attend(int layer, Tensor q, Mask mask, float scale) {
        try (var _ = memory.use("cache")) {
            return backend.attention(q, keys[layer], values[layer], mask, scale);
        }
    }

    @Override
    public void close() {
        memory.close();
    }
}
