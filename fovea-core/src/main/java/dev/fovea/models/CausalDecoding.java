package dev.fovea.models;

import dev.fovea.nn.KvCache;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** A decoder-only model in mid-answer. Prompts run one by one and in chunks. */
public final class CausalDecoding extends RowDecoding {
    /**
     * A prompt is cut behind its last picture where the part in front has so many rows: the next question about the same pictures then
     * finds that part done.
     */
    private static final int WORTH_KEEPING = 128;

    private static final int NONE_YET = -1;

    private final CausalModel model;
    private final CausalSequences memory;
    private final Backend backend;
    private final List<Prompt> prompts;
    private final Scope promptMemory;
    private final ByteBuffer tenant;
    private final float[][] logits;
    private int running; // which prompt
    private int sequence = NONE_YET; // its own
    private int done; // rows of it
    private ByteBuffer front; // key of what is done
    private ByteBuffer next; // key of the chunk behind

    /** @param promptMemory holds the prompts' vectors; freed after the prefill */
    private CausalDecoding(List<Prompt> prompts, Scope promptMemory, CausalSequences memory, boolean owned) {
        super(memory, owned, prompts.size());
        this.model = memory.model();
        this.memory = memory;
        this.backend = model.backend();
        this.prompts = prompts;
        this.promptMemory = promptMemory;
        tenant = ByteBuffer.wrap(Tenant.current().getBytes(StandardCharsets.UTF_8));
        front = tenant;
        next = tenant;
        logits = new float[prompts.size()][];
    }

    /**
     * Makes the prompts of all rows, each in a scope of its own.
     *
     * @param prompt from a row to its prompt, in the current scope
     * @param owned whether the memory is closed with the decoding
     */
    public static CausalDecoding of(
            Inputs inputs, Function<Inputs.Row, Prompt> prompt, CausalSequences memory, boolean owned) {
        Backend backend = memory.model().backend();
        Scope promptMemory = Scope.detached(backend);
        try {
            List<Prompt> prompts = inputs.rows().stream()
                    .map(row -> {
                        try (Scope _ = Scope.open(backend)) {
                            return prompt.apply(row).in(promptMemory);
                        }
                    })
                    .toList();
            return new CausalDecoding(prompts, promptMemory, memory, owned);
        } catch (RuntimeException | Error e) {
            promptMemory.close();
            throw e;
        }
    }

    @Override
    public boolean advance() {
        Prompt prompt = prompts.get(running);
        begin();
        int end = reuse(prompt);
        float[] last = run(prompt, done, end);
        if (end < prompt.length()) {
            keep(end);
            return false;
        }
        return end(last);
    }

    private void begin() {
        if (sequence == NONE_YET) {
            sequence = memory.add();
            addRow(sequence);
            front = tenant;
        }
    }

    /** @return whether that was the last of the prompts */
    private boolean end(float[] last) {
        logits[running] = last;
        memory.setNextPosition(sequence, prompts.get(running).nextPosition());
        sequence = NONE_YET;
        done = 0;
        running++;
        if (running < prompts.size()) {
            return false;
        }
        promptMemory.close();
        return true;
    }

    @Override
    public int sharedRows() {
        int rows = prompts.getLast().length() - done;
        return prompts.size() == 1 && rows > Backend.FEW_ROWS && rows <= memory.sharedRows() ? rows : 0;
    }

    /** Runs the ends of prompts in one pass: each has the {@link #sharedRows} for it. Where that fails, nothing has changed. */
    static void advance(List<CausalDecoding> all, CausalSequences memory) {
        all.forEach(CausalDecoding::begin);
        CausalModel model = memory.model();
        int[] sequences = all.stream().mapToInt(d -> d.sequence).toArray();
        int[] counts = all.stream().mapToInt(CausalDecoding::sharedRows).toArray();
        int[] blockEnds = all.stream()
                .flatMapToInt(
                        d -> Arrays.stream(d.prompts.getFirst().blockEnd()).skip(d.done))
                .toArray();
        int[][] positions = new int[model.positionAxes()][];
        Arrays.setAll(
                positions,
                axis -> all.stream()
                        .flatMapToInt(d -> Arrays.stream(d.prompts.getFirst().positions()[axis])
                                .skip(d.done))
                        .toArray());
        KvCache.Step rows = memory.cache().append(sequences, counts, blockEnds);
        try (Scope _ = Scope.open(model.backend())) {
            List<Tensor> embeds =
                    all.stream().map(d -> d.prompts.getFirst().inputsEmbeds()).toList();
            List<Tensor> fed = new ArrayList<>();
            for (int i = 0; i < counts.length; i++) {
                fed.add(embeds.get(i)
                        .rows(embeds.get(i).dim(0) - counts[i], embeds.get(i).dim(0)));
            }
            Tensor hidden = model.forward(model.backend().concat(fed), positions, rows);
            List<Tensor> last = new ArrayList<>();
            int end = 0;
            for (int count : counts) {
                end += count;
                last.add(hidden.rows(end - 1, end));
            }
            float[] logits = model.logits(model.backend().concat(last)).toFloats();
            int width = model.vocabSize();
            for (int i = 0; i < counts.length; i++) {
                all.get(i).end(Arrays.copyOfRange(logits, i * width, (i + 1) * width));
            }
        } catch (RuntimeException | Error e) {
            memory.takeBack(sequences, counts);
            throw e;
        }
    }

    @Override
    public float[][] promptLogits() {
        return logits;
    }

    /** Takes the chunks that ran before; the end of the first that did not. The last one always runs, for its logits. */
    private int reuse(Prompt prompt) {
        int end = chunkEnd(prompt, done);
        while (memory.prefixes().isOn() && end < prompt.length()) {
            next = Prefixes.key(front, prompt, done, end);
            if (!memory.prefixes().append(sequence, next, end - done)) {
                break;
            }
            front = next;
            done = end;
            end = chunkEnd(prompt, done);
        }
        return end;
    }

    private void keep(int end) {
        if (memory.prefixes().isOn()) {
            memory.prefixes().put(sequence, next, front, done, end);
            front = next;
        }
        done = end;
    }

    /** The end of the chunk that starts here; never inside a block that sees ahead. */
    private int chunkEnd(Prompt prompt, int from) {
        int end = Math.min(prompt.length(), from + model.prefillChunk());
        if (from + WORTH_KEEPING <= prompt.pictureEnd() && prompt.pictureEnd() < end) {
            return prompt.pictureEnd();
        }
        return end == prompt.length() ? end : Math.max(end, prompt.blockEnd()[end - 1]);
    }

    /** The logits of the last row, where the prompt ends here; else nothing. */
    private float[] run(Prompt prompt, int from, int to) {
        try (Scope _ = Scope.open(backend)) {
            int[] ends = Arrays.copyOfRange(prompt.blockEnd(), from, to);
            KvCache.Step rows = memory.cache().append(new int[] {sequence}, new int[] {to - from}, ends);
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
            KvCache.Step rows = memory.cache()
                    .append(new int[] {memory.add()}, new int[] {total}, Arrays.copyOf(prompt.blockEnd(), total));
            Tensor hidden = model.forward(embeds, positions, rows);
            model.logits(hidden.rows(length - 1, length)).named("logits.last");
            if (answerIds.length > 0) {
                model.logits(hidden.rows(length - 1, total - 1)).named("logits.answer");
            }
        }
    }

    @Override
    public void closePrompts() {
        promptMemory.close();
    }
}
