package dev.fovea.models.florence2;

import dev.fovea.error.InputException;
import dev.fovea.models.RowDecoding;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** A BART in mid-answer. Inputs are read one by one; then all answers begin. */
final class Florence2Decoding extends RowDecoding {
    private final Bart bart;
    private final Florence2Sequences memory;
    private final List<Tensor> inputs;
    private final Scope inputMemory;
    private float[][] logits = {};

    /**
     * @param inputs what the encoder reads for each request, (S, D)
     * @param inputMemory holds them; freed after the prefill
     */
    Florence2Decoding(Bart bart, List<Tensor> inputs, Scope inputMemory, Florence2Sequences memory, boolean owned) {
        super(memory, owned, inputs.size());
        this.bart = bart;
        this.memory = memory;
        this.inputs = inputs;
        this.inputMemory = inputMemory;
    }

    @Override
    public boolean advance() {
        encode(inputs.get(sequences().length));
        if (sequences().length < inputs.size()) {
            return false;
        }
        inputMemory.close();
        int[] start = new int[inputs.size()];
        Arrays.fill(start, bart.decoderStartTokenId());
        logits = step(start);
        return true;
    }

    @Override
    public float[][] promptLogits() {
        return logits;
    }

    private void encode(Tensor input) {
        try (Scope _ = Scope.open(bart.backend())) {
            addRow(memory.add(bart.encode(input)));
        }
    }

    /** One pass over the first input and an answer: see {@link dev.fovea.models.VisionLanguageModel#trace}. */
    void trace(int[] answerIds) {
        encode(inputs.getFirst());
        int length = Math.max(1, answerIds.length); // the last token predicts nothing that is asked for
        int[] ids = new int[length];
        ids[0] = bart.decoderStartTokenId();
        System.arraycopy(answerIds, 0, ids, 1, length - 1);
        if (length > bart.maxDecoderPositions()) {
            throw new InputException(
                    "the answer has " + length + " ids; the model has " + bart.maxDecoderPositions() + " positions");
        }
        try (Scope _ = Scope.open(bart.backend())) {
            Tensor hidden = memory.forward(
                    sequences()[0], ids, IntStream.range(0, length).toArray());
            bart.logits(hidden.rows(0, 1)).named("logits.last");
            if (answerIds.length > 0) {
                bart.logits(hidden).named("logits.answer");
            }
        }
    }

    @Override
    public void closePrompts() {
        inputMemory.close();
    }
}
