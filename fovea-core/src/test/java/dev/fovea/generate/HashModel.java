package dev.fovea.generate;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A model whose logits are a hash of the row's ids, so that a row that was mixed up with another shows at once. The same
 * function as in src/test/python/generate_answers.py.
 */
final class HashModel implements Decoding {
    final int vocabSize;
    private final int window;
    private final Map<Integer, Float> boost;
    private @Nullable List<int[]> rows;
    private final List<int[]> prompts;

    /** For guesses. */
    int room = 15;

    /** Tokens fed in each step. */
    final List<Integer> rowsPerStep = new ArrayList<>();

    /** @param window how many last ids the logits depend on; 0: all */
    HashModel(int vocabSize, int window, Map<Integer, Float> boost, List<int[]> prompts) {
        this.vocabSize = vocabSize;
        this.window = window;
        this.boost = boost;
        this.prompts = prompts;
    }

    float[] logits(int[] ids) {
        long h = 17;
        for (int i = window == 0 ? 0 : Math.max(0, ids.length - window); i < ids.length; i++) {
            h = (h * 1000003 + ids[i] + 1) & 0xFFFFFFFFL;
        }
        float[] logits = new float[vocabSize];
        for (int t = 0; t < vocabSize; t++) {
            int x = (int) h ^ (int) (t * 0x9E3779B1L);
            x ^= x >>> 15;
            x *= 0x85EBCA6B;
            x ^= x >>> 13;
            x *= 0xC2B2AE35;
            x ^= x >>> 16;
            logits[t] = (float) ((x >>> 8) / (double) (1 << 21) - 4);
        }
        boost.forEach((id, b) -> logits[id] += b);
        return logits;
    }

    @Override
    public int vocabSize() {
        return vocabSize;
    }

    @Override
    public int[] cachedTokens() {
        return new int[prompts.size()];
    }

    @Override
    public int rows() {
        return rows == null ? prompts.size() : rows.size();
    }

    @Override
    public float[][] prefill(BooleanSupplier cancelled) {
        if (rows != null) {
            throw new IllegalStateException("prefill is called once, first");
        }
        rows = new ArrayList<>(prompts);
        return all();
    }

    @Override
    public void select(int[] parents) {
        List<int[]> before = requireNonNull(rows);
        rows = Arrays.stream(parents).mapToObj(before::get).toList();
    }

    @Override
    public int[] next(int[] of, int[] tokens) {
        return Arrays.stream(step(of, tokens)).mapToInt(Scores::argmax).toArray();
    }

    @Override
    public float[][] step(int[] of, int[] tokens) {
        List<int[]> after = new ArrayList<>(requireNonNull(rows));
        if (Arrays.stream(of).distinct().count() != after.size()) {
            throw new IllegalArgumentException("tokens for rows " + Arrays.toString(of) + " of " + after.size());
        }
        float[][] logits = new float[tokens.length][];
        for (int t = 0; t < tokens.length; t++) {
            int[] before = after.get(of[t]);
            int[] ids = Arrays.copyOf(before, before.length + 1);
            ids[ids.length - 1] = tokens[t];
            after.set(of[t], ids);
            logits[t] = logits(ids);
        }
        rows = after;
        rowsPerStep.add(tokens.length);
        return logits;
    }

    @Override
    public void takeBack(int[] counts) {
        List<int[]> before = requireNonNull(rows);
        rows = IntStream.range(0, counts.length)
                .mapToObj(r -> Arrays.copyOf(before.get(r), before.get(r).length - counts[r]))
                .toList();
    }

    @Override
    public int room() {
        return room;
    }

    private float[][] all() {
        return requireNonNull(rows).stream().map(this::logits).toArray(float[][]::new);
    }

    @Override
    public void close() {}
}
