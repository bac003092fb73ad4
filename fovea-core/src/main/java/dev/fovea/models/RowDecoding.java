package dev.fovea.models;

import dev.fovea.generate.Decoding;
import dev.fovea.models.Sequences.Next;
import dev.fovea.tensor.Backend;
import java.util.Arrays;
import java.util.BitSet;
import java.util.function.BooleanSupplier;

/**
 * One request's rows in a {@link Sequences}, its own or one that it shares. Prompts run part by part; generated tokens of all rows
 * run together, in groups so small that no row's result depends on the others.
 */
public abstract class RowDecoding implements Decoding {
    private static final int[] NONE = {};

    private final Sequences memory;
    private final boolean owned;
    private final int[] cached;
    private int[] sequences = NONE;
    private int rows;
    private boolean closed;

    /**
     * @param owned whether the memory is closed with this
     * @param prompts that are going to run, each in a row
     */
    protected RowDecoding(Sequences memory, boolean owned, int prompts) {
        this.memory = memory;
        this.owned = owned;
        rows = prompts;
        cached = new int[prompts];
    }

    /**
     * Runs the next part of the prompts.
     *
     * @return whether that was the last one
     */
    public abstract boolean advance();

    /** Rows of the last part, where it comes next and may run with those of others: {@link Sequences#advance}. Else 0. */
    public int sharedRows() {
        return 0;
    }

    /** What follows the prompts, a row each: once all parts have run. */
    public abstract float[][] promptLogits();

    /** So many further tokens of a prompt were there. */
    protected final void found(int prompt, int tokens) {
        cached[prompt] += tokens;
    }

    @Override
    public final int[] cachedTokens() {
        return cached;
    }

    /** A row that is being written from now on, in the order of the prompts. */
    protected final void addRow(int sequence) {
        sequences = Arrays.copyOf(sequences, sequences.length + 1);
        sequences[sequences.length - 1] = sequence;
    }

    /** The sequence of each row. */
    public final int[] sequences() {
        return sequences;
    }

    @Override
    public final int vocabSize() {
        return memory.vocabSize();
    }

    @Override
    public final int rows() {
        return rows;
    }

    @Override
    public final float[][] prefill(BooleanSupplier cancelled) {
        while (!cancelled.getAsBoolean()) {
            if (advance()) {
                return promptLogits();
            }
        }
        return new float[0][];
    }

    /** A parent's first row goes on with its sequence, further ones with copies. */
    @Override
    public final void select(int[] parents) {
        int[] selected = new int[parents.length];
        BitSet used = new BitSet();
        for (int row = 0; row < parents.length; row++) {
            int parent = parents[row];
            selected[row] = used.get(parent) ? memory.fork(sequences[parent]) : sequences[parent];
            used.set(parent);
        }
        for (int row = 0; row < sequences.length; row++) {
            if (!used.get(row)) {
                memory.remove(sequences[row]);
            }
        }
        sequences = selected;
        rows = selected.length;
    }

    @Override
    public final float[][] step(int[] of, int[] tokens) {
        return Arrays.stream(next(of, tokens, false)).map(Next::logits).toArray(float[][]::new);
    }

    @Override
    public final int[] next(int[] of, int[] tokens) {
        return Arrays.stream(next(of, tokens, true)).mapToInt(Next::token).toArray();
    }

    private Next[] next(int[] of, int[] tokens, boolean greedy) {
        int[] fed = Arrays.stream(of).map(row -> sequences[row]).toArray();
        Next[] all = new Next[tokens.length];
        int to;
        for (int from = 0; from < tokens.length; from = to) {
            to = Sequences.passEnd(fed, from);
            boolean[] flags = new boolean[to - from];
            Arrays.fill(flags, greedy);
            Next[] some = memory.step(Arrays.copyOfRange(fed, from, to), Arrays.copyOfRange(tokens, from, to), flags);
            System.arraycopy(some, 0, all, from, some.length);
        }
        return all;
    }

    @Override
    public final void takeBack(int[] counts) {
        for (int row = 0; row < counts.length; row++) {
            for (int n = 0; n < counts[row]; n++) {
                memory.takeBack(sequences[row]);
            }
        }
    }

    @Override
    public final int room() {
        return Math.max(0, Backend.FEW_ROWS - rows);
    }

    /** Frees what the prompts took; by any thread. */
    public abstract void closePrompts();

    /** By the memory's thread, unless nothing of it is taken or it is closed as well. */
    @Override
    public final void close() {
        if (closed) {
            return;
        }
        closed = true;
        closePrompts();
        if (owned) {
            memory.close();
        } else {
            for (int sequence : sequences) {
                memory.remove(sequence);
            }
        }
        sequences = NONE;
    }
}
