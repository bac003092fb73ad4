package dev.fovea.models;

import dev.fovea.tensor.Backend;
import dev.fovea.tensor.HostMemory;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * A decoder with the memory of the sequences that are being written with it: those of one {@link RowDecoding}, or of many that a
 * batch runs together. A sequence is a number; it gets its tokens one by one, in steps with others.
 *
 * <p>Used by one thread. {@link #close}, by any thread, frees the memory.
 */
public abstract class Sequences implements AutoCloseable {
    private static final float[] NONE = {};

    private final Backend backend;

    protected Sequences(Backend backend) {
        this.backend = backend;
    }

    /** Number of logits per row. */
    public abstract int vocabSize();

    /**
     * Makes room for one more token in each of some sequences. Where there is no memory for it, nothing has changed.
     *
     * @param sequences at most {@link Backend#FEW_ROWS}; one that is there several times gets its tokens one behind the other
     * @return what feeds them and computes their logits (tokens.length, vocabSize)
     */
    protected abstract Supplier<Tensor> logits(int[] sequences, int[] tokens);

    /** Rows of prompts that may run in one pass, each with the bits that it would have alone; 0 where none may. */
    public int sharedRows() {
        return 0;
    }

    /**
     * Runs the last parts of prompts in one pass. Where that fails, none has run.
     *
     * @param decodings each with {@link RowDecoding#sharedRows}; at most as many rows together as may be, of at most {@link
     *     Backend#FEW_ROWS} prompts
     */
    public void advance(List<RowDecoding> decodings) {
        throw new IllegalStateException("prompts of this model run alone");
    }

    /** A further sequence with all that one has so far. */
    public abstract int fork(int sequence);

    /** Frees what a sequence alone has. */
    public abstract void remove(int sequence);

    /** Takes the last token of a sequence back: of a step that failed, or of a guess that was wrong. */
    protected abstract void takeBack(int sequence);

    /**
     * Bytes that the rows of a request take, at most.
     *
     * @param positions of all its rows together
     */
    public abstract long bytes(Inputs inputs, int rows, long positions);

    /**
     * Refuses a request whose rows together may come to need more memory than there is. A single one is let in: it most often ends
     * long before, and asks again as it grows.
     *
     * @param positions of all its rows together
     * @throws dev.fovea.error.MemoryException with the numbers
     */
    final void requireRoom(Inputs inputs, int rows, long positions) {
        if (rows > 1 && backend.isHost()) {
            HostMemory.require(
                    bytes(inputs, rows, positions),
                    "keys and values of " + rows + " answers at once may need",
                    "lower num_return_sequences, num_beams, max_new_tokens or the batch size");
        }
    }

    /** Bytes of memory held. */
    public abstract long bytes();

    /** Parts of prompts that were found from prompts before. */
    public long prefixHits() {
        return 0;
    }

    /** Tokens of these parts. */
    public long prefixTokens() {
        return 0;
    }

    /** Bytes of keys and values that are kept for further prompts. */
    public long prefixBytes() {
        return 0;
    }

    /** What follows a row: its logits, or else the token of the greatest. */
    public record Next(float[] logits, int token) {}

    /**
     * Feeds one token to each of some sequences. Where that fails, none has got it.
     *
     * @param sequences at most {@link Backend#FEW_ROWS}, so that no row's result depends on the others; one that is there several
     *     times gets its tokens one behind the other
     * @param greedy whether nobody needs to see a row's logits
     */
    public final Next[] step(int[] sequences, int[] tokens, boolean[] greedy) {
        Supplier<Tensor> computation = logits(sequences, tokens);
        try (Scope _ = Scope.open(backend)) {
            Tensor logits = backend.repeat(tokens.length, computation);
            return isAllTrue(greedy) ? chosen(logits) : read(logits, greedy);
        } catch (RuntimeException | Error e) {
            for (int sequence : sequences) {
                takeBack(sequence);
            }
            throw e;
        }
    }

    /**
     * Where a pass ends that begins with one of a step's tokens: at most {@link Backend#FEW_ROWS} run together, and those of a sequence in
     * one pass. Guesses of an earlier pass could not be taken back: a layer with a window has let go of what is seen from there.
     *
     * @param sequences that of each token of the step
     */
    public static int passEnd(int[] sequences, int from) {
        int most = Math.min(sequences.length, from + Backend.FEW_ROWS);
        int end = most;
        while (end > from && end < sequences.length && sequences[end] == sequences[end - 1]) {
            end--;
        }
        return end == from ? most : end;
    }

    private static boolean isAllTrue(boolean[] flags) {
        for (boolean flag : flags) {
            if (!flag) {
                return false;
            }
        }
        return true;
    }

    private Next[] chosen(Tensor logits) {
        int[] tokens = backend.argmax(logits);
        return Arrays.stream(tokens).mapToObj(t -> new Next(NONE, t)).toArray(Next[]::new);
    }

    private Next[] read(Tensor logits, boolean[] greedy) {
        float[] flat = logits.toFloats();
        int width = vocabSize();
        Next[] next = new Next[logits.dim(0)];
        for (int row = 0; row < next.length; row++) {
            float[] own = next.length == 1 ? flat : Arrays.copyOfRange(flat, row * width, (row + 1) * width);
            next[row] = greedy[row] ? new Next(NONE, Backend.greatest(own, 0, width)) : new Next(own, -1);
        }
        return next;
    }

    @Override
    public abstract void close();
}
