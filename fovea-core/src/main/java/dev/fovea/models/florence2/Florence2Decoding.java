package dev.fovea.models.florence2;

import dev.fovea.error.InputException;
import dev.fovea.models.RowDecoding;
import dev.fovea.nn.CrossCache;
import dev.fovea.nn.KvCache;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * A BART in mid-answer. Inputs are read one by one; the decoder's rows, of whatever inputs, run together in groups so small
 * that no row's result depends on the others.
 */
final class Florence2Decoding extends RowDecoding {
    private final Bart bart;
    private final List<Tensor> inputs;
    private final Scope inputMemory;
    private final KvCache cache;
    private final CrossCache cross;
    private int[] inputOf;

    /**
     * @param inputs what the encoder reads for each request, (S, D)
     * @param inputMemory holds them; freed after the prefill
     */
    Florence2Decoding(Bart bart, List<Tensor> inputs, Scope inputMemory) {
        super(bart.backend());
        this.bart = bart;
        this.inputs = inputs;
        this.inputMemory = inputMemory;
        cache = bart.newCache();
        cross = bart.newCrossCache(inputs.stream().mapToInt(i -> i.dim(0)).toArray());
        inputOf = IntStream.range(0, inputs.size()).toArray();
    }

    @Override
    public int vocabSize() {
        return bart.vocabSize();
    }

    @Override
    public int rows() {
        return inputOf.length;
    }

    @Override
    public float[][] prefill() {
        encode();
        int[] start = new int[rows()];
        Arrays.fill(start, bart.decoderStartTokenId());
        return step(start);
    }

    private void encode() {
        for (int i = 0; i < inputs.size(); i++) {
            try (Scope _ = Scope.open(bart.backend())) {
                bart.putCross(cross, i, bart.encode(inputs.get(i)));
            }
            cache.addSequence();
        }
        inputMemory.close();
    }

    @Override
    public void select(int[] parents) {
        cache.select(parents);
        inputOf = Arrays.stream(parents).map(p -> inputOf[p]).toArray();
    }

    @Override
    protected Supplier<Tensor> logits(int[] tokens, int firstRow) {
        int[] rows = IntStream.range(firstRow, firstRow + tokens.length).toArray();
        int[] positions = Arrays.stream(rows).map(cache::length).toArray();
        int[] ones = new int[rows.length];
        Arrays.fill(ones, 1);
        int[] read = Arrays.copyOfRange(inputOf, firstRow, firstRow + rows.length);
        KvCache.Step appended = cache.append(rows, ones);
        return () -> bart.logits(bart.decode(tokens, positions, appended, cross, read));
    }

    /** One pass over the first input and an answer: see {@link dev.fovea.models.VisionLanguageModel#trace}. */
    void trace(int[] answerIds) {
        encode();
        int length = Math.max(1, answerIds.length); // the last token predicts nothing that is asked for
        int[] ids = new int[length];
        ids[0] = bart.decoderStartTokenId();
        System.arraycopy(answerIds, 0, ids, 1, length - 1);
        if (length > bart.maxDecoderPositions()) {
            throw new InputException(
                    "the answer has " + length + " ids; the model has " + bart.maxDecoderPositions() + " positions");
        }
        try (Scope _ = Scope.open(bart.backend())) {
            KvCache.Step rows = cache.append(new int[] {0}, new int[] {length});
            Tensor hidden = bart.decode(ids, IntStream.range(0, length).toArray(), rows, cross, new int[length]);
            bart.logits(hidden.rows(0, 1)).named("logits.last");
            if (answerIds.length > 0) {
                bart.logits(hidden).named("logits.answer");
            }
        }
    }

    @Override
    public void close() {
        inputMemory.close();
        cache.close();
        cross.close();
    }
}
