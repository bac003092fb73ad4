package dev.fovea.nn;

import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Keys and values of the sequences that are being decoded together, for all layers: those of one request, or of many.
 *
 * <p>A position of a sequence is a row of the layers' tensors, found through a table of the sequence. So beams share the rows
 * of what they have in common, requests those of prompts that begin alike ({@link Part}), and neither keys nor values ever move. A
 * layer with a sliding window gives the rows behind its window back to be written again, so its memory does not grow past window plus
 * one step.
 *
 * <p>Used by one thread. {@link #close}, by any thread, frees the memory; where a call is running, that does it at its end.
 */
public final class KvCache implements AutoCloseable {
    private final List<Group> groups = new ArrayList<>();
    private final Group[] groupOfLayer;
    private final int[] indexInGroup;
    private final BitSet sequences = new BitSet();
    private int[] lengths = {};
    private BooleanSupplier relief = () -> false;

    /**
     * An empty cache without sequences.
     *
     * @param kvHeads key heads of every layer
     * @param windows for each layer, how many positions a query sees, itself included; 0 for all
     */
    public KvCache(Backend backend, DType dtype, int kvHeads, int headDim, int[] windows) {
        groupOfLayer = new Group[windows.length];
        indexInGroup = new int[windows.length];
        for (int layer = 0; layer < windows.length; layer++) {
            int window = windows[layer];
            Group group = groups.stream()
                    .filter(g -> g.window == window)
                    .findFirst()
                    .orElseGet(() -> {
                        Group made = new Group(new CacheRows(backend, dtype, kvHeads, headDim), window);
                        groups.add(made);
                        return made;
                    });
            groupOfLayer[layer] = group;
            indexInGroup[layer] = group.pool.addLayer();
        }
    }

    /** Layers that all see everything. */
    public static KvCache full(Backend backend, DType dtype, int layers, int kvHeads, int headDim) {
        return new KvCache(backend, dtype, kvHeads, headDim, new int[layers]);
    }

    /** Bytes that a cache of these layers holds for one sequence of a length. */
    public long bytes(long length) {
        return bytes(length, 1);
    }

    /**
     * Bytes that a cache of these layers holds at most.
     *
     * @param positions of all sequences together
     */
    public long bytes(long positions, int sequences) {
        return groups.stream()
                .mapToLong(g -> g.pool.rowBytes()
                        * (g.window == 0 ? positions : Math.min(positions, (long) sequences * g.window)))
                .sum();
    }

    /** @param relief asked where there is no memory to grow: forgets a part, and says whether there was one */
    public void relieveBy(BooleanSupplier relief) {
        this.relief = relief;
    }

    /** Bytes of memory held. */
    public long bytes() {
        return groups.stream().mapToLong(g -> g.pool.bytes()).sum();
    }

    /** Bytes of the rows in use; those that several sequences share count once. */
    public long usedBytes() {
        return groups.stream()
                .mapToLong(g -> g.pool.rowBytes() * g.pool.count())
                .sum();
    }

    /** Sequences at present. */
    public int sequences() {
        return sequences.cardinality();
    }

    /** Positions of a sequence so far. */
    public int length(int sequence) {
        return lengths[sequence];
    }

    /** Adds an empty sequence and returns its number, which stays its own until it is removed. */
    public int addSequence() {
        int sequence = sequences.nextClearBit(0);
        sequences.set(sequence);
        lengths = at(lengths, sequence);
        lengths[sequence] = 0;
        for (Group g : groups) {
            g.tables = Arrays.copyOf(g.tables, Math.max(g.tables.length, sequence + 1));
            g.tables[sequence] = new int[0];
        }
        return sequence;
    }

    /** A further sequence with all that one has so far. */
    public int fork(int sequence) {
        int child = addSequence();
        lengths[child] = lengths[sequence];
        for (Group g : groups) {
            g.tables[child] = Arrays.copyOf(g.tables[sequence], lengths[sequence]);
            g.pool.share(g.tables[child], 0, lengths[sequence]);
        }
        return child;
    }

    /** Gives back what a sequence alone has. */
    public void remove(int sequence) {
        for (Group g : groups) {
            g.pool.giveBack(g.tables[sequence], 0, lengths[sequence]);
            g.tables[sequence] = new int[0];
        }
        lengths[sequence] = 0;
        sequences.clear(sequence);
    }

    /**
     * Takes the last position of a sequence back, of those that the last step appended: a layer with a window still has all that the
     * position in front of it sees.
     */
    public void takeBack(int sequence) {
        lengths[sequence]--;
        for (Group g : groups) {
            g.pool.giveBack(g.tables[sequence][lengths[sequence]]);
        }
    }

    /**
     * Keeps positions for other sequences, whatever becomes of this one.
     *
     * @param from of the positions that the last step appended, or later: a layer with a window still has them all
     */
    public Part keep(int sequence, int from, int to) {
        int[][] rows = new int[groups.size()][];
        long bytes = 0;
        for (int i = 0; i < rows.length; i++) {
            Group g = groups.get(i);
            rows[i] = Arrays.copyOfRange(g.tables[sequence], from, to);
            g.pool.share(rows[i], 0, rows[i].length);
            bytes += g.pool.rowBytes() * rows[i].length;
        }
        return new Part(rows, bytes);
    }

    /** Gives back what only a part has. */
    public void forget(Part part) {
        for (int i = 0; i < groups.size(); i++) {
            groups.get(i).pool.giveBack(part.rows[i], 0, part.rows[i].length);
        }
    }

    /** Lets a sequence go on with the positions of a part. */
    public void append(int sequence, Part part) {
        int length = lengths[sequence];
        int count = part.rows[0].length;
        for (int i = 0; i < groups.size(); i++) {
            Group g = groups.get(i);
            g.slide(sequence);
            g.lengthen(sequence, count);
            System.arraycopy(part.rows[i], 0, g.tables[sequence], length, count);
            g.pool.share(part.rows[i], 0, count);
        }
        lengths[sequence] += count;
    }

    /**
     * Makes room for new positions.
     *
     * @param sequences the sequences that grow; one that is there several times grows by its counts one behind the other
     * @param counts by how many positions each. With one position each, every query is attended to by itself, as in a step of its own
     * @return where the step's rows, one sequence after another, are written and what they see
     */
    public Step append(int[] sequences, int[] counts) {
        return append(sequences, counts, new int[Arrays.stream(counts).sum()]);
    }

    /**
     * As {@link #append(int[], int[])}, for queries that also see ahead. Where there is no memory for it, nothing has changed.
     *
     * @param blockEnd for each query, one past the last position of the block that it sees wholly (Gemma 3's pictures); 0 for
     *     a causal query. Blocks lie inside the step.
     */
    public Step append(int[] sequences, int[] counts, int[] blockEnd) {
        int queries = Arrays.stream(counts).sum();
        int[] entryOf = new int[queries];
        int[] positionOf = new int[queries];
        int[] grown = lengths.clone();
        int q = 0;
        for (int i = 0; i < sequences.length; i++) {
            for (int n = 0; n < counts[i]; n++, q++) {
                entryOf[q] = i;
                positionOf[q] = grown[sequences[i]]++;
            }
        }
        for (Group g : groups) {
            for (int sequence : sequences) {
                g.slide(sequence);
            }
            g.pool.reserve(queries, relief);
        }
        for (int i = 0; i < sequences.length; i++) {
            for (Group g : groups) {
                g.lengthen(sequences[i], counts[i]);
                g.pool.take(g.tables[sequences[i]], lengths[sequences[i]], counts[i]);
            }
            lengths[sequences[i]] += counts[i];
        }
        return new Step(sequences, counts, entryOf, positionOf, blockEnd);
    }

    @Override
    public void close() {
        groups.forEach(g -> g.pool.close());
    }

    private static int[] at(int[] values, int index) {
        return index < values.length ? values : Arrays.copyOf(values, Math.max(index + 1, 2 * values.length));
    }

    /** Positions in the middle of a sequence, or of several: {@link #keep}. */
    public static final class Part {
        private final int[][] rows; // of each group
        private final long bytes;

        private Part(int[][] rows, long bytes) {
            this.rows = rows;
            this.bytes = bytes;
        }

        /** Of its keys and values. */
        public long bytes() {
            return bytes;
        }
    }

    /** The rows of one forward pass: valid until the next change of the cache. */
    public final class Step {
        private final Mask[][] masks = new Mask[groups.size()][]; // of each part
        private final int[][] targets = new int[groups.size()][];
        private final int[] positions;

        /** Where parts begin that are attended to each by itself, and the end: a prompt's bits must not depend on others. */
        private final int[] bounds;

        private Step(int[] sequences, int[] counts, int[] entryOf, int[] positionOf, int[] blockEnd) {
            bounds = bounds(counts);
            positions = positionOf;
            for (int i = 0; i < groups.size(); i++) {
                Group g = groups.get(i);
                int n = positionOf.length;
                int[] from = new int[n];
                int[] to = new int[n];
                targets[i] = new int[n];
                int[][] tables =
                        Arrays.stream(sequences).mapToObj(s -> g.tables[s]).toArray(int[][]::new);
                for (int q = 0; q < n; q++) {
                    from[q] = g.window == 0 ? 0 : Math.max(0, positionOf[q] - g.window + 1);
                    to[q] = Math.max(positionOf[q] + 1, blockEnd[q]);
                    targets[i][q] = tables[entryOf[q]][positionOf[q]];
                }
                masks[i] = new Mask[bounds.length - 1];
                for (int part = 0; part < masks[i].length; part++) {
                    masks[i][part] = part(part, entryOf, from, to, tables);
                }
            }
        }

        /** Of each row in its sequence. */
        public int[] positions() {
            return positions;
        }

        private static int[] bounds(int[] counts) {
            int queries = Arrays.stream(counts).sum();
            if (counts.length == 1 || queries == counts.length) {
                return new int[] {0, queries};
            }
            int[] bounds = new int[counts.length + 1];
            for (int i = 0; i < counts.length; i++) {
                bounds[i + 1] = bounds[i] + counts[i];
            }
            return bounds;
        }

        private Mask part(int part, int[] entryOf, int[] from, int[] to, int[][] tables) {
            if (bounds.length == 2) {
                return new Mask(entryOf, from, to, tables);
            }
            int first = bounds[part];
            int end = bounds[part + 1];
            return new Mask(
                    new int[end - first],
                    Arrays.copyOfRange(from, first, end),
                    Arrays.copyOfRange(to, first, end),
                    new int[][] {tables[part]});
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
            g.pool.put(indexInGroup[layer], targets[group], k, v);
            if (bounds.length == 2) {
                return g.pool.attend(indexInGroup[layer], q, masks[group][0], scale);
            }
            List<Tensor> parts = new ArrayList<>();
            for (int part = 0; part + 1 < bounds.length; part++) {
                Tensor own = q.rows(bounds[part], bounds[part + 1]);
                parts.add(g.pool.attend(indexInGroup[layer], own, masks[group][part], scale));
            }
            return q.backend().concat(parts);
        }
    }

    /** The layers with one window; they share tables and rows. */
    private final class Group {
        private final CacheRows pool;
        private final int window;
        private int[][] tables = {}; // per sequence: position -> row; -1 for what lies behind the window

        private Group(CacheRows pool, int window) {
            this.pool = pool;
            this.window = window;
        }

        /** Gives back what the next position does not see any more. */
        private void slide(int sequence) {
            int[] table = tables[sequence];
            for (int p = lengths[sequence] - window; window > 0 && p >= 0 && table[p] >= 0; p--) {
                pool.giveBack(table[p]);
                table[p] = -1;
            }
        }

        private void lengthen(int sequence, int count) {
            int length = lengths[sequence];
            if (tables[sequence].length < length + count) {
                tables[sequence] = Arrays.copyOf(tables[sequence], Math.max(length + count, 2 * length));
            }
        }
    }
}
