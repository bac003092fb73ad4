package dev.fovea.models.batch;

import dev.fovea.generate.Decoding;
import dev.fovea.models.Inputs;
import dev.fovea.models.RowDecoding;
import dev.fovea.models.Sequences.Next;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One request in a batch: to its caller a decoding like any other, whose calls wait while the engine's threads do the work. Fields are
 * guarded by the engine's lock, but for what belongs to whoever works on it.
 */
final class Call implements Decoding {
    private static final int[] AS_THEY_ARE = {};

    final Inputs inputs;
    final Demand demand;
    final long bytes;
    final long since = System.nanoTime();

    /** Its caller waits for it. */
    final Condition news;

    private final Engine engine;
    private final int vocabSize;
    private int rowCount;
    private int[] takenBack = AS_THEY_ARE;
    private int[] parents = AS_THEY_ARE;

    /** Counts among the running ones. */
    boolean admitted;

    /** A thread of the engine works on it: it may not be left alone. */
    boolean busy;

    boolean promptDone;

    /** Came too late for the last step: nobody waits for it. */
    boolean late;

    /** Tokens of the last step that are not taken back, until they are counted. */
    int fed;

    @Nullable
    RowDecoding decoding;

    @Nullable
    Step step;

    @Nullable
    Throwable failure;

    /**
     * Tokens to be fed, and what follows them.
     *
     * @param takenBack before, of each row; or empty
     * @param parents of the rows, or empty where they are as they were
     * @param rows that of each token
     */
    record Step(int[] takenBack, int[] parents, int[] rows, int[] tokens, boolean greedy, Next[] next) {}

    Call(Engine engine, Inputs inputs, Demand demand, long bytes, int vocabSize) {
        this.engine = engine;
        this.inputs = inputs;
        this.demand = demand;
        this.bytes = bytes;
        this.vocabSize = vocabSize;
        rowCount = inputs.rows().size();
        news = engine.newCondition();
    }

    /** Once it has one. */
    RowDecoding prepared() {
        return Objects.requireNonNull(decoding);
    }

    /** While it asks for one. */
    Step wanted() {
        return Objects.requireNonNull(step);
    }

    String client() {
        return demand.client();
    }

    @Override
    public int vocabSize() {
        return vocabSize;
    }

    @Override
    public int rows() {
        return rowCount;
    }

    @Override
    public float[][] prefill(BooleanSupplier cancelled) {
        return engine.prefill(this, cancelled);
    }

    @Override
    public int[] cachedTokens() {
        return engine.cachedTokens(this);
    }

    @Override
    public void select(int[] selected) {
        int[] before = parents.length == 0 ? IntStream.range(0, rowCount).toArray() : parents;
        parents = Arrays.stream(selected).map(p -> before[p]).toArray();
        rowCount = selected.length;
    }

    @Override
    public void takeBack(int[] counts) {
        takenBack = counts;
        fed -= Arrays.stream(counts).sum();
    }

    @Override
    public int room() {
        return engine.room();
    }

    @Override
    public float[][] step(int[] rows, int[] tokens) {
        return Arrays.stream(run(rows, tokens, false)).map(Next::logits).toArray(float[][]::new);
    }

    @Override
    public int[] next(int[] rows, int[] tokens) {
        return Arrays.stream(run(rows, tokens, true)).mapToInt(Next::token).toArray();
    }

    private Next[] run(int[] rows, int[] tokens, boolean greedy) {
        Step wanted = new Step(takenBack, parents, rows, tokens, greedy, new Next[tokens.length]);
        takenBack = AS_THEY_ARE;
        parents = AS_THEY_ARE;
        return engine.step(this, wanted);
    }

    @Override
    public void close() {
        engine.leave(this);
    }
}
