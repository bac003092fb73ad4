package dev.fovea.models;

import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;

/**
 * A prompt as a decoder sees it: pictures are already vectors among those of the tokens.
 *
 * @param inputsEmbeds (T, D)
 * @param positions int[axes][T]: one axis for a text, three for M-RoPE
 * @param nextPosition of the first generated token, on all axes
 * @param blockEnd for each token, one past the last token of the picture that it sees wholly, or 0
 * @param pictureEnd one past the last token of the last picture or clip, or 0: where prompts with the same pictures part
 */
public record Prompt(Tensor inputsEmbeds, int[][] positions, int nextPosition, int[] blockEnd, int pictureEnd) {

    /** A prompt without blocks that see ahead. */
    public static Prompt causal(Tensor inputsEmbeds, int[][] positions, int nextPosition) {
        return new Prompt(inputsEmbeds, positions, nextPosition, new int[inputsEmbeds.dim(0)], 0);
    }

    public Prompt withPictureEnd(int end) {
        return new Prompt(inputsEmbeds, positions, nextPosition, blockEnd, end);
    }

    /** This prompt with its vectors copied to memory that outlives the current scope. */
    Prompt in(Scope memory) {
        return new Prompt(memory.adopt(inputsEmbeds), positions, nextPosition, blockEnd, pictureEnd);
    }

    public int length() {
        return inputsEmbeds.dim(0);
    }
}
