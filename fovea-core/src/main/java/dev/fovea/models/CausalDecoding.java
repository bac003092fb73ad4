package dev.fovea.models;

import dev.fovea.nn.KvCache;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * A decoder-only model in mid-answer. Prompts run one by one and in chunks; generated tokens of all rows run together, in
 * groups so small that no row's result depends on the others.
 */
public final class CausalDecoding extends RowDecoding {
    private final CausalModel model;
    private final Backend backend;
    private final List<Prompt> prompts;
    private final Scope promptMemory;
    private final KvCache cache;
    private int[] nextPositions;

    /** @param promptMemory holds the prompts' vectors; freed after the prefill */
    public CausalDecoding(CausalModel model, List<Prompt> prompts, Scope promptMemory) {
        super(model.backend());
        this.model = model;
        this.backend = model.backend();
        this.prompts = prompts;
        this.promptMemory = promptMemory;
        this.cache = model.newCache();
        this.nextPositions = prompts.stream().mapToInt(Prompt::nextPosition).toArray();
    }

    /**
     * Makes the prompts of all rows, each in a scope of its own.
     *
     * @param prompt from a row to its prompt, in the current scope
     */
    public static CausalDecoding of(CausalModel model, Inputs inputs, Function<Inputs.Row, Prompt> prompt) {
        Scope memory = Scope.detached(model.backend());
        try {
            List<Prompt> prompts = inputs.rows().stream()
                    .map(row -> {
                        try (Scope _ = Scope.open(model.backend())) {
                            return prompt.apply(row).in(memory);
                        }
                    })
                    .toList();
            return new CausalDecoding(model, prompts, memory);
        } catch (RuntimeException e) {
            memory.close();
            throw e;
        }
    }

    @Override
    public int vocabSize() {
        return model.vocabSize();
    }

    @Override
    public int rows() {
        return nextPositions.length;
    }

    @Override
    public float[][] prefill() {
        float[][] logits = new float[prompts.size()][];
        for (int row = 0; row < prompts.size(); row++) {
            Prompt prompt = prompts.get(row);
            int sequence = cache.addSequence();
            int from = 0;
            while (from < prompt.length()) {
                int to = chunkEnd(prompt, from);
                logits[row] = prefillChunk(prompt, sequence, from, to);
                from = to;
            }
        }
        promptMemory.close();
        return logits;
    }

    /** The end of the chunk that starts here; never inside a block that sees ahead. */
    private int chunkEnd(Prompt prompt, int from) {
        int end = Math.min(prompt.length(), from + model.prefillChunk());
        return end == prompt.length() ? end : Math.max(end, prompt.blockEnd()[end - 1]);
    }

    /** The logits of the last row, where the prompt ends here; else nothing. */
    private float[] prefillChunk(Prompt prompt, int sequence, int from, int to) {
        try (Scope _ = Scope.open(backend)) {
            int[] ends = Arrays.copyOfRange(prompt.blockEnd(), from, to);
            KvCache.Step rows = cache.append(new int[] {sequence}, new int[] {to - from}, ends);
            int[][] positions = Arrays.stream(prompt.positions())
                    .map(axis -> Arrays.copyOfRange(axis, from, to))
                    .toArray(int[][]::new);
            Tensor hidden = model.forward(prompt.inputsEmbeds().rows(from, to), positions, rows);
            if (to < prompt.length()) {
                return new float[0];
            }
            Tensor last = hidden.rows(hidden.dim(0) - 1, hidden.dim(0));
            return model.logits(last).named("logits.last").toFloats();
        }
    }

    /** One pass over the first prompt and an answer: see {@link VisionLanguageModel#trace}. */
    public void trace(int[] answerIds) {
        Prompt prompt = prompts.getFirst();
        int length = prompt.length();
        int total = length + answerIds.length;
        try (Scope _ = Scope.open(backend)) {
            Tensor embeds = answerIds.length == 0
                    ? prompt.inputsEmbeds()
                    : backend.concat(List.of(prompt.inputsEmbeds(), model.embed(answerIds)));
            int[][] positions = Arrays.stream(prompt.positions())
                    .map(axis -> Arrays.copyOf(axis, total))
                    .toArray(int[][]::new);
            for (int[] axis : positions) {
                for (int i = length; i < total; i++) {
                    axis[i] = prompt.nextPosition() + i - length;
                }
            }
            KvCache.Step rows = cache.append(
                    new int[] {cache.addSequence()}, new int[] {total}, Arrays.copyOf(prompt.blockEnd(), total));
            Tensor hidden = model.forward(embeds, positions, rows);
            model.logits(hidden.rows(length - 1, length)).named("logits.last");
            if (answerIds.length > 0) {
                model.logits(hidden.rows(length - 1, total - 1)).named("logits.answer");
            }
        }
    }

    @Override
    public void select(int[] parents) {
        cache.select(parents);
        nextPositions = Arrays.stream(parents).map(p -> nextPositions[p]).toArray();
    }

    @Override
    protected Supplier<Tensor> logits(int[] tokens, int firstRow) {
        int[] rows = IntStream.range(firstRow, firstRow + tokens.length).toArray();
        int[] ones = new int[rows.length];
        Arrays.fill(ones, 1);
        KvCache.Step appended = cache.append(rows, ones);
        int[] positions = Arrays.stream(rows).map(r -> nextPositions[r]++).toArray();
        int[][] axes = new int[prompts.getFirst().positions().length][];
        Arrays.fill(axes, positions);
        return () -> model.logits(model.forward(model.embed(tokens), axes, appended));
    }

    @Override
    public void close() {
        promptMemory.close();
        cache.close();
    }
}
