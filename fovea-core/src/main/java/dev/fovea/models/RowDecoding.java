package dev.fovea.models;

import dev.fovea.generate.Decoding;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.function.ObjIntConsumer;
import java.util.function.Supplier;

/** Steps of generated tokens: rows run together, in groups so small that no row's result depends on the others. */
public abstract class RowDecoding implements Decoding {
    private final Backend backend;

    protected RowDecoding(Backend backend) {
        this.backend = backend;
    }

    /**
     * Makes room for tokens in the rows from one on.
     *
     * @param tokens at most {@link Backend#FEW_ROWS}
     * @return what feeds them and computes their logits (tokens.length, vocabSize)
     */
    protected abstract Supplier<Tensor> logits(int[] tokens, int firstRow);

    @Override
    public final float[][] step(int[] tokens) {
        float[][] all = new float[tokens.length][];
        inGroups(tokens, (logits, from) -> {
            float[] flat = logits.toFloats();
            for (int r = 0; r < logits.dim(0); r++) {
                all[from + r] = Arrays.copyOfRange(flat, r * vocabSize(), (r + 1) * vocabSize());
            }
        });
        return all;
    }

    @Override
    public final int[] next(int[] tokens) {
        int[] all = new int[tokens.length];
        inGroups(tokens, (logits, from) -> {
            int[] chosen = backend.argmax(logits);
            System.arraycopy(chosen, 0, all, from, chosen.length);
        });
        return all;
    }

    private void inGroups(int[] tokens, ObjIntConsumer<Tensor> use) {
        for (int from = 0; from < tokens.length; from += Backend.FEW_ROWS) {
            int[] group = Arrays.copyOfRange(tokens, from, Math.min(tokens.length, from + Backend.FEW_ROWS));
            try (Scope _ = Scope.open(backend)) {
                use.accept(backend.repeat(group.length, logits(group, from)), from);
            }
        }
    }
}
