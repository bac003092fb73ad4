package dev.fovea.models.florence2;

import dev.fovea.models.Inputs;
import dev.fovea.models.Sequences;
import dev.fovea.nn.CrossCache;
import dev.fovea.nn.KvCache;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.function.Supplier;

/** The answers that a BART is writing, each to one of the inputs that it has read. */
final class Florence2Sequences extends Sequences {
    private final Bart bart;
    private final KvCache cache;
    private final CrossCache cross;
    private int[] inputOf = {}; // of each sequence
    private int[] answersTo = {}; // how many sequences each input has

    Florence2Sequences(Bart bart) {
        super(bart.backend());
        this.bart = bart;
        cache = bart.newCache();
        cross = bart.newCrossCache();
    }

    @Override
    public int vocabSize() {
        return bart.vocabSize();
    }

    /** An empty answer to what the encoder has made of an input, (S, D), in the current scope. */
    int add(Tensor encoded) {
        int input = cross.add(encoded.dim(0));
        bart.putCross(cross, input, encoded);
        answersTo = at(answersTo, input);
        return add(input);
    }

    private int add(int input) {
        int sequence = cache.addSequence();
        setInput(sequence, input);
        return sequence;
    }

    private void setInput(int sequence, int input) {
        inputOf = at(inputOf, sequence);
        inputOf[sequence] = input;
        answersTo[input]++;
    }

    private static int[] at(int[] values, int index) {
        return index < values.length ? values : Arrays.copyOf(values, index + 1);
    }

    @Override
    protected Supplier<Tensor> logits(int[] sequences, int[] tokens) {
        int[] ones = new int[sequences.length];
        Arrays.fill(ones, 1);
        int[] read = Arrays.stream(sequences).map(s -> inputOf[s]).toArray();
        KvCache.Step appended = cache.append(sequences, ones);
        return () -> bart.logits(bart.decode(tokens, appended.positions(), appended, cross, read));
    }

    /** A whole answer in one pass: its hidden states, in the current scope. */
    Tensor forward(int sequence, int[] ids, int[] positions) {
        int[] read = new int[ids.length];
        Arrays.fill(read, inputOf[sequence]);
        KvCache.Step rows = cache.append(new int[] {sequence}, new int[] {ids.length});
        return bart.decode(ids, positions, rows, cross, read);
    }

    @Override
    protected void takeBack(int sequence) {
        cache.takeBack(sequence);
    }

    @Override
    public int fork(int sequence) {
        int child = cache.fork(sequence);
        setInput(child, inputOf[sequence]);
        return child;
    }

    @Override
    public void remove(int sequence) {
        int input = inputOf[sequence];
        cache.remove(sequence);
        if (--answersTo[input] == 0) {
            cross.remove(input);
        }
    }

    @Override
    public long bytes(Inputs inputs, int rows, long positions) {
        long read = inputs.rows().stream()
                .mapToLong(row -> row.inputIds().length
                        + row.images().stream().mapToInt(Inputs.Visual::tokens).sum())
                .sum();
        return cache.bytes(positions, rows) + read * cross.bytesOfPosition();
    }

    @Override
    public long bytes() {
        return cache.bytes() + cross.bytes();
    }

    @Override
    public void close() {
        cache.close();
        cross.close();
    }
}
