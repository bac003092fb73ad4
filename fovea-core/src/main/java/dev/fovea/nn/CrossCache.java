package dev.fovea.nn;

import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.BitSet;

/**
 * Keys and values of what decoders attend across to: the encoded inputs of several requests, for all layers. They are computed
 * once for each input; queries, of any number of beams, name the input that they see.
 *
 * <p>Used by one thread. {@link #close}, by any thread, frees the memory; where a call is running, that does it at its end.
 */
public final class CrossCache implements AutoCloseable {
    private final CacheRows pool;
    private final BitSet inputs = new BitSet();
    private int[][] rows = {}; // per input: position -> row

    public CrossCache(Backend backend, DType dtype, int layers, int heads, int headDim) {
        pool = new CacheRows(backend, dtype, heads, headDim);
        for (int i = 0; i < layers; i++) {
            pool.addLayer();
        }
    }

    /** Makes room for an input of so many positions and returns its number, which stays its own until it is removed. */
    public int add(int length) {
        pool.reserve(length, () -> false);
        int input = inputs.nextClearBit(0);
        inputs.set(input);
        rows = Arrays.copyOf(rows, Math.max(rows.length, input + 1));
        rows[input] = new int[length];
        pool.take(rows[input], 0, length);
        return input;
    }

    public void remove(int input) {
        pool.giveBack(rows[input], 0, rows[input].length);
        rows[input] = new int[0];
        inputs.clear(input);
    }

    /**
     * Stores an input's keys and values for a layer.
     *
     * @param k (S, H, headDim)
     * @param v (S, H, headDim)
     */
    public void put(int layer, int input, Tensor k, Tensor v) {
        pool.put(layer, rows[input], k, v);
    }

    /** For queries that each see the whole of one input. */
    public Mask mask(int[] inputs) {
        int[] named = Arrays.stream(inputs).distinct().toArray();
        int[][] tables = Arrays.stream(named).mapToObj(i -> rows[i]).toArray(int[][]::new);
        int[] entries = new int[inputs.length];
        int[] to = new int[inputs.length];
        for (int q = 0; q < inputs.length; q++) {
            while (named[entries[q]] != inputs[q]) {
                entries[q]++;
            }
            to[q] = rows[inputs[q]].length;
        }
        return new Mask(entries, new int[inputs.length], to, tables);
    }

    /**
     * @param q (T, H, headDim)
     * @param mask of {@link #mask}
     * @return (T, H, headDim)
     */
    public Tensor attend(int layer, Tensor q, Mask mask, float scale) {
        return pool.attend(layer, q, mask, scale);
    }

    /** Bytes of a position. */
    public long bytesOfPosition() {
        return pool.rowBytes();
    }

    /** Bytes of memory held. */
    public long bytes() {
        return pool.bytes();
    }

    @Override
    public void close() {
        pool.close();
    }
}
