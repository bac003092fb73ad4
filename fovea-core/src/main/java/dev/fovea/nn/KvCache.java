package dev.fovea.nn;

import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * Keys and values of the sequences that are being decoded together, for all layers.
 *
 * <p>A position of a sequence is a row of the layers' tensors, found through a table of the sequence. So beams share the rows
 * of what they have in common and are reordered by copying tables of integers; keys and values never move. A layer with a
 * sliding window gives the rows behind its window back to be written again, so its memory does not grow past window plus one
 * step.
 *
 * <p>Used by one thread. {@link #close}, by any thread, frees the memory; where a call is running, that does it at its end.
 */
public final class KvCache implements AutoCloseable {
    private static final int FIRST_ROWS = 64;

    private final Backend backend;
    private final List<Group> groups = new ArrayList<>();
    private final Group[] groupOfLayer;
    private final int[] indexInGroup;
    private int[] lengths = {};

    /**
     * An empty cache without sequences.
     *
     * @param kvHeads key heads of every layer
     * @param windows for each layer, how many positions a query sees, itself included; 0 for all
     */
    public KvCache(Backend backend, DType dtype, int kvHeads, int headDim, int[] windows) {
        this.backend = backend;
        groupOfLayer = new Group[windows.length];
        indexInGroup = new int[windows.length];
        for (int layer = 0; layer < windows.length; layer++) {
            int window = windows[layer];
            Group group = groups.stream()
                    .filter(g -> g.window == window)
                    .findFirst()
                    .orElseGet(() -> {
                        Group made = new Group(dtype, kvHeads, headDim, window);
                        groups.add(made);
                        return made;
                    });
            groupOfLayer[layer] = group;
            indexInGroup[layer] = group.layers++;
        }
    }

    /** Layers that all see everything. */
    public static KvCache full(Backend backend, DType dtype, int layers, int kvHeads, int headDim) {
        return new KvCache(backend, dtype, kvHeads, headDim, new int[layers]);
    }

    /** Bytes that a cache of these layers holds for one sequence of a length. */
    public long bytes(long length) {
        return groups.stream()
                .mapToLong(g -> 2L
                        * g.layers
                        * g.kvHeads
                        * g.headDim
                        * g.dtype.bytes()
                        * (g.window == 0 ? length : Math.min(length, g.window)))
                .sum();
    }

    public int sequences() {
        return lengths.length;
    }

    /** Positions of a sequence so far. */
    public int length(int sequence) {
        return lengths[sequence];
    }

    /** Bytes of memory held. */
    public long bytes() {
        return groups.stream().mapToLong(g -> g.memory.bytes()).sum();
    }

    /** Adds an empty sequence and returns its number. */
    public int addSequence() {
        lengths = Arrays.copyOf(lengths, lengths.length + 1);
        groups.forEach(g -> g.rows = append(g.rows, new int[0]));
        return lengths.length - 1;
    }

    /** Rearranges sequences: new sequence s continues {@code parents[s]}, which may be repeated or left out. */
    public void select(int[] parents) {
        lengths = Arrays.stream(parents).map(p -> lengths[p]).toArray();
        for (Group g : groups) {
            g.rows = Arrays.stream(parents).mapToObj(p -> g.rows[p].clone()).toArray(int[][]::new);
            g.collect(lengths);
        }
    }

    /**
     * Makes room for new positions.
     *
     * @param sequences the sequences that grow, each once
     * @param counts by how many positions each
     * @return where the step's rows, one sequence after another, are written and what they see
     */
    public Step append(int[] sequences, int[] counts) {
        return append(sequences, counts, new int[Arrays.stream(counts).sum()]);
    }

    /**
     * As {@link #append(int[], int[])}, for queries that also see ahead.
     *
     * @param blockEnd for each query, one past the last position of the block that it sees wholly (Gemma 3's pictures); 0 for
     *     a causal query. Blocks lie inside the step.
     */
    public Step append(int[] sequences, int[] counts, int[] blockEnd) {
        int queries = Arrays.stream(counts).sum();
        int[] sequenceOf = new int[queries];
        int[] positionOf = new int[queries];
        int q = 0;
        for (int i = 0; i < sequences.length; i++) {
            for (int n = 0; n < counts[i]; n++, q++) {
                sequenceOf[q] = sequences[i];
                positionOf[q] = lengths[sequences[i]] + n;
            }
        }
        for (Group g : groups) {
            g.makeRoom(sequences, counts, queries);
        }
        for (int i = 0; i < sequences.length; i++) {
            lengths[sequences[i]] += counts[i];
        }
        return new Step(sequenceOf, positionOf, blockEnd);
    }

    @Override
    public void close() {
        groups.forEach(g -> g.memory.close());
    }

    private static int[][] append(int[][] tables, int[] table) {
        int[][] longer = Arrays.copyOf(tables, tables.length + 1);
        longer[tables.length] = table;
        return longer;
    }

    /** The rows of one forward pass: valid until the next change of the cache. */
    public final class Step {
        private final Mask[] masks = new Mask[groups.size()];
        private final int[][] targets = new int[groups.size()][];

        private Step(int[] sequenceOf, int[] positionOf, int[] blockEnd) {
            for (int i = 0; i < groups.size(); i++) {
                Group g = groups.get(i);
                int n = positionOf.length;
                int[] from = new int[n];
                int[] to = new int[n];
                targets[i] = new int[n];
                for (int q = 0; q < n; q++) {
                    from[q] = g.window == 0 ? 0 : Math.max(0, positionOf[q] - g.window + 1);
                    to[q] = Math.max(positionOf[q] + 1, blockEnd[q]);
                    targets[i][q] = g.rows[sequenceOf[q]][positionOf[q]];
                }
                masks[i] = new Mask(sequenceOf, from, to, g.rows);
            }
        }

        /**
         * Stores the new keys and values of a layer, then attends to all that the queries see.
         *
         * @param q (T, H, headDim)
         * @param k (T, kvHeads, headDim)
         * @param v (T, kvHeads, headDim)
         * @return (T, H, headDim)
         */
        public Tensor attend(int layer, Tensor q, Tensor k, Tensor v, float scale) {
            Group g = groupOfLayer[layer];
            int group = groups.indexOf(g);
            int index = indexInGroup[layer];
            try (var _ = g.memory.use("cache")) {
                Tensor keys = settle(g.keys, index, k);
                Tensor values = settle(g.values, index, v);
                backend.scatterRows(keys, targets[group], k);
                backend.scatterRows(values, targets[group], v);
                return backend.attention(q, keys, values, masks[group], scale);
            }
        }
    }

    /** A layer's tensor, in the home of what is written to it: where the layer computes. */
    private static Tensor settle(Tensor[] tensors, int index, Tensor written) {
        Tensor tensor = tensors[index];
        if (tensor.home() != written.home()) {
            tensors[index] = Scope.beside(tensor, written.home());
            tensor.backend().move(tensor, tensors[index]);
        }
        return tensors[index];
    }

    /** The layers with one window; they share tables and free rows. */
    private final class Group {
        private final DType dtype;
        private final int kvHeads;
        private final int headDim;
        private final int window;
        private int layers;
        private int capacity;
        private int[][] rows = {}; // per sequence: position -> row; -1 for what lies behind the window
        private BitSet taken = new BitSet();
        private Scope memory = Scope.detached(backend);
        private Tensor[] keys = {};
        private Tensor[] values = {};

        private Group(DType dtype, int kvHeads, int headDim, int window) {
            this.dtype = dtype;
            this.kvHeads = kvHeads;
            this.headDim = headDim;
            this.window = window;
        }

        private void makeRoom(int[] sequences, int[] counts, int needed) {
            if (window > 0) {
                for (int i = 0; i < sequences.length; i++) {
                    forget(rows[sequences[i]], lengths[sequences[i]] - window + 1);
                }
                collect(lengths);
            }
            reserve(taken.cardinality() + needed);
            int row = 0;
            for (int i = 0; i < sequences.length; i++) {
                int s = sequences[i];
                int length = lengths[s];
                if (rows[s].length < length + counts[i]) {
                    rows[s] = Arrays.copyOf(rows[s], Math.max(length + counts[i], 2 * length));
                }
                for (int n = 0; n < counts[i]; n++) {
                    row = taken.nextClearBit(row);
                    taken.set(row);
                    rows[s][length + n] = row;
                }
            }
        }

        private void forget(int[] table, int end) {
            for (int p = end - 1; p >= 0 && table[p] >= 0; p--) {
                table[p] = -1;
            }
        }

        /** Finds the rows that some sequence still uses. */
        private void collect(int[] lengths) {
            taken = new BitSet(capacity);
            for (int s = 0; s < rows.length; s++) {
                for (int p = lengths[s] - 1; p >= 0 && rows[s][p] >= 0; p--) {
                    taken.set(rows[s][p]);
                }
            }
        }

        private void reserve(int needed) {
            if (needed <= capacity) {
                return;
            }
            int grown = Math.max(Math.max(needed + FIRST_ROWS, capacity + capacity / 2), FIRST_ROWS);
            Scope larger = Scope.detached(backend);
            try (var _ = memory.use("cache")) {
                keys = grow(keys, larger, grown);
                values = grow(values, larger, grown);
            }
            memory.close();
            memory = larger;
            capacity = grown;
        }

        private Tensor[] grow(Tensor[] tensors, Scope scope, int grown) {
            Tensor[] result = new Tensor[layers];
            int[] all = java.util.stream.IntStream.range(0, capacity).toArray();
            for (int i = 0; i < layers; i++) {
                Shape shape = Shape.of(grown, kvHeads, headDim);
                if (capacity == 0) {
                    result[i] = scope.allocate(dtype, shape);
                } else {
                    result[i] = scope.allocate(tensors[i].home(), dtype, shape);
                    backend.scatterRows(result[i], all, tensors[i]);
                }
            }
            return result;
        }
    }
}
