package dev.fovea.generate;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;

/**
 * One answer.
 *
 * @param row index of its prompt
 * @param ids the generated ids alone: no prompt, no padding; the end-of-sequence token is last where it ended the answer
 * @param score beam search: the log-probability divided by length to the power of length_penalty
 * @param reason why it ended
 * @param tokenLogProbs the log-probability of each id after all logits processors, where output_scores is on, else empty.
 *     transformers' compute_transition_scores: for beams as they are, otherwise with normalize_logits=True
 * @param logprobs how likely each id was by the model's own logits, where logprobs is given, else empty
 */
public record Sequence(
        int row,
        int[] ids,
        OptionalDouble score,
        FinishReason reason,
        float[] tokenLogProbs,
        List<TokenLogprob> logprobs) {
    public Sequence {
        Objects.requireNonNull(logprobs, "logprobs");
        logprobs = List.copyOf(logprobs);
    }

    /** Without {@link #logprobs}. */
    public Sequence(int row, int[] ids, OptionalDouble score, FinishReason reason, float[] tokenLogProbs) {
        this(row, ids, score, reason, tokenLogProbs, List.of());
    }

    /**
     * The rectangle that transformers' generate returns: each answer behind its prompt, prompts padded on the left, answers on
     * the right.
     *
     * @param prompts the prompts that were given to generate
     * @param config the resolved config that was given to generate
     * @return int[sequences.size()][longest prompt + longest answer]
     */
    public static int[][] padded(List<int[]> prompts, List<Sequence> sequences, GenerationConfig config) {
        int promptLength = prompts.stream().mapToInt(p -> p.length).max().orElse(0);
        int answerLength = sequences.stream().mapToInt(s -> s.ids.length).max().orElse(0);
        int fill = config.numBeams() > 1 ? beamFill(config) : pad(config);
        int[][] rows = new int[sequences.size()][promptLength + answerLength];
        for (int i = 0; i < rows.length; i++) {
            int[] prompt = prompts.get(sequences.get(i).row);
            int[] answer = sequences.get(i).ids;
            int start = promptLength - prompt.length;
            Arrays.fill(rows[i], 0, start, pad(config));
            System.arraycopy(prompt, 0, rows[i], start, prompt.length);
            System.arraycopy(answer, 0, rows[i], promptLength, answer.length);
            Arrays.fill(rows[i], promptLength + answer.length, rows[i].length, fill);
        }
        return rows;
    }

    private static int pad(GenerationConfig config) {
        List<Integer> eos = config.eosTokenId();
        return config.padTokenId().orElse(eos.isEmpty() ? -1 : eos.getFirst());
    }

    /** transformers writes {@code pad_token_id or eos_token_id[0]}, so that a pad id of 0 counts as none. */
    private static int beamFill(GenerationConfig config) {
        List<Integer> eos = config.eosTokenId();
        if (eos.isEmpty()) {
            return -1;
        }
        int pad = config.padTokenId().orElse(0);
        return pad == 0 ? eos.getFirst() : pad;
    }
}
