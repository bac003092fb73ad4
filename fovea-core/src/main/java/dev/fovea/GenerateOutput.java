package dev.fovea;

import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.Sequence;
import java.util.List;

/**
 * What {@link Model#generate} returns.
 *
 * @param prompts the rows' prompt ids
 * @param answers one for each row, or as many as num_return_sequences for each row, best first
 * @param config what counted: the call's options over the directory's
 * @param cachedTokens of each row's prompt, those whose keys and values a batch had from prompts before
 * @param timings milliseconds
 */
public record GenerateOutput(
        List<int[]> prompts, List<Sequence> answers, GenerationConfig config, int[] cachedTokens, Timings timings) {

    /**
     * @param vision encoding the pictures
     * @param prefill running the prompts
     * @param decode the tokens after the first
     */
    public record Timings(double vision, double prefill, double decode) {}

    /** The generated ids, without prompt and padding: what a user of transformers trims by hand. */
    public List<int[]> trimmed() {
        return answers.stream().map(Sequence::ids).toList();
    }

    /** The rectangle that transformers' generate returns: prompt, answer and padding. */
    public int[][] sequences() {
        return Sequence.padded(prompts, answers, config);
    }
}
