package dev.fovea.models;

import dev.fovea.error.InputException;
import dev.fovea.tensor.DType;
import java.util.stream.IntStream;

/**
 * A decoder by itself, with positions 0, 1, 2, …: the ForCausalLM classes of transformers.
 *
 * @param maxPositionEmbeddings the longest sequence
 */
public record TextOnlyModel(CausalModel decoder, DType dtype, int maxPositionEmbeddings) implements DecoderOnlyModel {
    @Override
    public Prompt prompt(Inputs.Row row) {
        if (!row.images().isEmpty() || !row.videos().isEmpty()) {
            throw new InputException("this model reads text only; the prompt comes with pictures");
        }
        int[] ids = row.inputIds();
        int[][] positions = {IntStream.range(0, ids.length).toArray()};
        return Prompt.causal(decoder.embed(ids).named("inputs_embeds"), positions, ids.length);
    }
}
