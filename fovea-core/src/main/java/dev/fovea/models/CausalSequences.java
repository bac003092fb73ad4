package dev.fovea.models;

import dev.fovea.nn.KvCache;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** The sequences of a decoder-only model. */
public final class CausalSequences extends Sequences {
    /** A pass over so many rows takes little longer than one over twenty. */
    private static final int SHARED_ROWS = 128;

    private final CausalModel model;
    private final KvCache cache;
    private final Prefixes prefixes;
    private final Set<Integer> turnEnds;
    private int[] nextPositions = {};

    /**
     * @param prefixBytes that keys and values of prompts may take behind their answers; 0 keeps none
     * @param turnEnds tokens behind which another speaks
     */
    public CausalSequences(CausalModel model, long prefixBytes, Set<Integer> turnEnds) {
        super(model.backend());
        this.model = model;
        this.turnEnds = turnEnds;
        cache = model.newCache();
        prefixes = new Prefixes(cache, prefixBytes);
    }

    /** What its sequences are written with. */
    CausalModel model() {
        return model;
    }

    KvCache cache() {
        return cache;
    }

    /** Places of a prompt behind which another speaks. */
    int[] turnEnds(int[] ids) {
        return IntStream.range(0, ids.length)
                .filter(i -> turnEnds.contains(ids[i]))
                .map(i -> i + 1)
                .toArray();
    }

    /** What prompts before have left. */
    Prefixes prefixes() {
        return prefixes;
    }

    @Override
    public int vocabSize() {
        return model.vocabSize();
    }

    /** An empty sequence. */
    int add() {
        int sequence = cache.addSequence();
        if (sequence >= nextPositions.length) {
            nextPositions = Arrays.copyOf(nextPositions, sequence + 1);
        }
        return sequence;
    }

    /** The position of the first token behind a prompt. */
    void setNextPosition(int sequence, int position) {
        nextPositions[sequence] = position;
    }

    @Override
    protected Supplier<Tensor> logits(int[] sequences, int[] tokens) {
        int[] ones = new int[sequences.length];
        Arrays.fill(ones, 1);
        KvCache.Step appended = cache.append(sequences, ones);
        int[] positions = Arrays.stream(sequences).map(s -> nextPositions[s]++).toArray();
        int[][] axes = new int[model.positionAxes()][];
        Arrays.fill(axes, positions);
        return () -> model.logits(model.forward(model.embed(tokens), axes, appended));
    }

    @Override
    protected void takeBack(int sequence) {
        cache.takeBack(sequence);
        nextPositions[sequence]--;
    }

    @Override
    public int sharedRows() {
        return Math.min(model.sharedPromptRows().most(), SHARED_ROWS);
    }

    @Override
    public void advance(List<RowDecoding> decodings) {
        CausalDecoding.advance(
                decodings.stream().map(CausalDecoding.class::cast).toList(), this);
    }

    /** Takes the last positions of sequences back: of a pass that failed. */
    void takeBack(int[] sequences, int[] counts) {
        for (int i = 0; i < sequences.length; i++) {
            for (int n = 0; n < counts[i]; n++) {
                cache.takeBack(sequences[i]);
            }
        }
    }

    @Override
    public int fork(int sequence) {
        int child = cache.fork(sequence);
        if (child >= nextPositions.length) {
            nextPositions = Arrays.copyOf(nextPositions, child + 1);
        }
        nextPositions[child] = nextPositions[sequence];
        return child;
    }

    @Override
    public void remove(int sequence) {
        cache.remove(sequence);
    }

    @Override
    public long bytes(Inputs inputs, int rows, long positions) {
        return cache.bytes(positions, rows);
    }

    @Override
    public long bytes() {
        return cache.bytes();
    }

    @Override
    public long prefixHits() {
        return prefixes.hits();
    }

    @Override
    public long prefixTokens() {
        return prefixes.hitTokens();
    }

    @Override
    public long prefixBytes() {
        return prefixes.bytes();
    }

    @Override
    public void close() {
        cache.close();
    }
}
