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
import java.util.stream.IntStream;

/** A decoder-only model in mid-answer. Prompts run one by one, each in the passes of its {@link PromptParts}. */
public final class CausalDecoding extends RowDecoding {
    private static final int NONE_YET = -1;

    private final CausalModel model;
    private final CausalSequences memory;
    private final Backend backend;
    private final List<Prompt> prompts;
    private final List<PromptParts> parts;
    private final Scope promptMemory;
    private final float[][] logits;
    private int running; // which prompt
    private int sequence = NONE_YET; // its own
    private int done; // parts of it

    /** @param promptMemory holds the prompts' vectors; freed after the prefill */
    private CausalDecoding(
            List<Prompt> prompts, List<PromptParts> parts, Scope promptMemory, CausalSequences memory, boolean owned) {
        super(memory, owned, prompts.size());
        this.model = memory.model();
        this.memory = memory;
        this.backend = model.backend();
        this.prompts = prompts;
        this.parts = parts;
        this.promptMemory = promptMemory;
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
            return new CausalDecoding(prompts, parts(inputs, prompts, memory), promptMemory, memory, owned);
        } catch (RuntimeException | Error e) {
            promptMemory.close();
            throw e;
        }
    }

    private static List<PromptParts> parts(Inputs inputs, List<Prompt> prompts, CausalSequences memory) {
        ByteBuffer tenant = ByteBuffer.wrap(Tenant.current().getBytes(StandardCharsets.UTF_8));
        List<PromptParts> parts = IntStream.range(0, prompts.size())
                .mapToObj(i -> new PromptParts(
                        prompts.get(i), memory.turnEnds(inputs.inputIds().get(i)), memory.model()))
                .toList();
        if (memory.prefixes().isOn()) {
            parts.forEach(p -> p.hash(tenant)); // here, on whichever thread this is, and not on the one that decodes
        }
        return parts;
    }

    @Override
    public boolean advance() {
        reuse();
        int end = own().passEnd(done);
        float[] last = run(prompt(), own().rows(done), end);
        keep(end);
        return end == prompt().length() && end(last);
    }

    private PromptParts own() {
        return parts.get(running);
    }

    /** Begins with a prompt, and goes on with it behind what ran before. */
    private void reuse() {
        if (sequence == NONE_YET) {
            sequence = memory.add();
            addRow(sequence);
        }
        Prefixes prefixes = memory.prefixes();
        while (prefixes.isOn()
                && done < own().count()
                && own().mayFollow(done)
                && prefixes.append(sequence, own().key(done), own().rowsOf(done))) {
            found(running, own().rowsOf(done));
            done++;
        }
    }

    /** Keeps the parts that have run, up to an end. */
    private void keep(int end) {
        for (; done < own().count() && own().rows(done + 1) <= end; done++) {
            if (memory.prefixes().isOn()) {
                memory.prefixes()
                        .put(sequence, own().key(done), own().front(done), own().rows(done), own().rows(done + 1));
            }
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
        if (prompts.size() > 1 || memory.sharedRows() == 0) {
            return 0;
        }
        reuse();
        int rows = rowsLeft();
        return rows >= memory.model().sharedPromptRows().least() && rows <= memory.sharedRows() ? rows : 0;
    }

    private int rowsLeft() {
        return prompts.getLast().length() - own().rows(done);
    }

    /** Runs the ends of prompts in one pass: each has the {@link #sharedRows} for it. Where that fails, nothing has changed. */
    static void advance(List<CausalDecoding> all, CausalSequences memory) {
        CausalModel model = memory.model();
        int[] sequences = all.stream().mapToInt(d -> d.sequence).toArray();
        int[] counts = all.stream().mapToInt(CausalDecoding::rowsLeft).toArray();
        int[] blockEnds =
                all.stream().flatMapToInt(d -> d.left(d.prompt().blockEnd())).toArray();
        int[][] positions = new int[model.positionAxes()][];
        Arrays.setAll(
                positions,
                axis -> all.stream()
                        .flatMapToInt(d -> d.left(d.prompt().positions()[axis]))
                        .toArray());
        KvCache.Step rows = memory.cache().append(sequences, counts, blockEnds);
        try (Scope _ = Scope.open(model.backend())) {
            List<Tensor> fed = all.stream()
                    .map(d -> d.prompt()
                            .inputsEmbeds()
                            .rows(d.own().rows(d.done), d.prompt().length()))
                    .toList();
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
                all.get(i).keep(all.get(i).prompt().length());
                all.get(i).end(Arrays.copyOfRange(logits, i * width, (i + 1) * width));
            }
        } catch (RuntimeException | Error e) {
            memory.takeBack(sequences, counts);
            throw e;
        }
    }

    private Prompt prompt() {
        return prompts.get(running);
    }

    /** Of the rows that have not run. */
    private IntStream left(int[] values) {
        return Arrays.stream(values).skip(own().rows(done));
    }

    @Override
    public float[][] promptLogits() {
        return logits;
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
