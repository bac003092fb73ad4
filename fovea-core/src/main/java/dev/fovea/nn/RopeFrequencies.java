package dev.fovea.nn;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.io.Config;
import dev.fovea.io.Range;
import java.util.Optional;

/**
 * How positions become angles: the rope types of transformers' modeling_rope_utils that are computed here, which are {@code default},
 * {@code linear}, {@code yarn} (Peng et al., 2023) and {@code llama3}. In float32 where torch is, in float64 where Python is.
 *
 * @param inverse radians for a step of one position, one for each pair of dimensions
 * @param scaling that cos and sin are multiplied by
 */
@SuppressWarnings("ArrayRecordComponent")
public record RopeFrequencies(float[] inverse, float scaling) {

    /** What a configuration says outside of its rope parameters. */
    public record Head(int dim, int maxPositionEmbeddings) {}

    /** Without scaling: {@code theta^(-2j / dim)} for j in 0..dim/2. */
    public static RopeFrequencies of(double theta, int dim) {
        return new RopeFrequencies(reciprocals(positions(theta, dim)), 1);
    }

    /**
     * As {@code rope_parameters}, or {@code rope_scaling} in its older spelling, asks for.
     *
     * @param rope empty for no scaling
     * @param theta where the parameters have none
     * @throws InputException for a type that is not computed, or parameters that the type does not allow
     */
    public static RopeFrequencies of(Optional<Config> rope, double theta, Head head) {
        return rope.map(r -> of(r, r.optionalNumber("rope_theta", Range.SCALE).orElse(theta), head))
                .orElseGet(() -> of(theta, head.dim));
    }

    private static RopeFrequencies of(Config rope, double theta, Head head) {
        String type = type(rope);
        if (!type.equals("default") && rope.number("partial_rotary_factor", 1) != 1) {
            throw new InputException(
                    rope.where() + ": partial_rotary_factor is not 1; Fovea rotates all of a head, as these models do");
        }
        return switch (type) {
            case "default" -> of(theta, head.dim);
            case "linear" -> linear(rope, theta, head);
            case "yarn" -> yarn(rope, theta, head);
            case "llama3" -> llama3(rope, theta, head);
            default ->
                throw new InputException(
                        rope.where() + ": rope type \"" + Quote.of(type)
                                + "\"; expected default, linear, yarn or llama3",
                        "dynamic and longrope depend on the length of each call and are not computed");
        };
    }

    /** "mrope" is Qwen's word for default. */
    private static String type(Config rope) {
        String older = rope.string("type", "default");
        String type = rope.string("rope_type", older);
        return type.equals("mrope") ? "default" : type;
    }

    private static RopeFrequencies linear(Config rope, double theta, Head head) {
        float factor = (float) positive(rope, "factor");
        float[] inverse = reciprocals(positions(theta, head.dim));
        for (int j = 0; j < inverse.length; j++) {
            inverse[j] /= factor;
        }
        return new RopeFrequencies(inverse, 1);
    }

    // --------------------------------------------------------------------------------------------------------- yarn

    /** Fast pairs turn as they were trained to, slow ones {@code factor} times slower, those between by a ramp. */
    private static RopeFrequencies yarn(Config rope, double theta, Head head) {
        double original = original(rope, head);
        double factor = factor(rope, head.maxPositionEmbeddings / original);
        double fast = orElse(rope.number("beta_fast", 32), 32);
        double slow = orElse(rope.number("beta_slow", 1), 1);
        double low = correction(rope, fast, theta, original, head.dim);
        double high = correction(rope, slow, theta, original, head.dim);
        if (rope.flag("truncate", true)) {
            low = Math.floor(low);
            high = Math.ceil(high);
        }
        low = Math.max(low, 0);
        high = Math.min(high, head.dim - 1);
        if (low == high) {
            high += 0.001; // the reference's, against a division by zero
        }
        float[] positions = positions(theta, head.dim);
        float[] inverse = new float[positions.length];
        for (int j = 0; j < inverse.length; j++) {
            float ramp = Math.clamp((j - (float) low) / (float) (high - low), 0, 1);
            float extrapolated = 1 - ramp;
            float slower = 1 / ((float) factor * positions[j]);
            inverse[j] = slower * (1 - extrapolated) + 1 / positions[j] * extrapolated;
        }
        return new RopeFrequencies(inverse, (float) attentionFactor(rope, factor));
    }

    private static double factor(Config rope, double otherwise) {
        if (rope.keys().contains("factor") && !rope.has("factor")) {
            return otherwise; // null, which transformers takes, where it takes no absence
        }
        return positive(rope, "factor");
    }

    /** The pair that turns so many times within the original length. */
    private static double correction(Config rope, double turns, double theta, double original, int dim) {
        double pair = dim * Math.log(original / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
        if (!Double.isFinite(pair)) {
            throw new InputException(
                    rope.where() + ": beta_fast, beta_slow and rope_theta give YaRN no range of frequencies;"
                            + " expected positive numbers, and rope_theta above 1");
        }
        return pair;
    }

    private static double attentionFactor(Config rope, double factor) {
        double mscale = rope.number("mscale", 0);
        double allDim = rope.number("mscale_all_dim", 0);
        double computed = mscale != 0 && allDim != 0
                ? magnitude(factor, mscale) / magnitude(factor, allDim)
                : magnitude(factor, 1);
        return rope.number("attention_factor", computed);
    }

    private static double magnitude(double factor, double mscale) {
        return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
    }

    // ------------------------------------------------------------------------------------------------------- llama3

    /** Long waves {@code factor} times longer, short ones as they are, those between by a ramp. */
    private static RopeFrequencies llama3(Config rope, double theta, Head head) {
        float factor = (float) positive(rope, "factor");
        double low = positive(rope, "low_freq_factor");
        double high = positive(rope, "high_freq_factor");
        double original = original(rope, head);
        float[] inverse = reciprocals(positions(theta, head.dim));
        for (int j = 0; j < inverse.length; j++) {
            float wave = 1 / inverse[j] * (float) (2 * Math.PI);
            float scaled = wave > (float) (original / low) ? inverse[j] / factor : inverse[j];
            boolean between = !(wave < (float) (original / high)) && !(wave > (float) (original / low));
            float smooth = (1 / wave * (float) original - (float) low) / (float) (high - low);
            inverse[j] = between ? (1 - smooth) * scaled / factor + smooth * scaled : scaled;
        }
        return new RopeFrequencies(inverse, 1);
    }

    // ------------------------------------------------------------------------------------------------------- shared

    /** {@code theta^(2j / dim)}. */
    private static float[] positions(double theta, int dim) {
        float[] powers = new float[dim / 2];
        for (int j = 0; j < powers.length; j++) {
            float exponent = (float) (2 * j) / dim;
            powers[j] = (float) Math.pow(theta, exponent);
        }
        return powers;
    }

    private static float[] reciprocals(float[] values) {
        float[] result = new float[values.length];
        for (int j = 0; j < result.length; j++) {
            result[j] = 1.0f / values[j];
        }
        return result;
    }

    private static double original(Config rope, Head head) {
        return rope.has("original_max_position_embeddings")
                ? positive(rope, "original_max_position_embeddings")
                : head.maxPositionEmbeddings;
    }

    /** Python's {@code value or otherwise}. */
    private static double orElse(double value, double otherwise) {
        return value == 0 ? otherwise : value;
    }

    private static double positive(Config rope, String key) {
        return rope.number(key, Range.SCALE);
    }
}
