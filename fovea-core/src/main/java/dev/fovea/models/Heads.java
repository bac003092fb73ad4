package dev.fovea.models;

import dev.fovea.io.Config;

/** How the heads of an attention share its width. */
public final class Heads {
    private Heads() {}

    /**
     * Heads share the width evenly, and rotary angles take the numbers of a head in pairs (text) or in fours (pictures, by row and
     * column).
     *
     * @param key of the number of heads
     * @param multiple that the width of a head is of; 1 without rotary angles
     * @throws dev.fovea.error.InputException where they do not
     */
    public static void check(Config c, String key, int heads, int width, int multiple) {
        c.require(
                width % heads == 0 && width / heads % multiple == 0,
                key,
                multiple == 1
                        ? "a divisor of the width, " + width
                        : "a divisor of the width, " + width + ", by which a head gets a multiple of " + multiple);
    }

    /** Heads of keys and values serve equally many heads of queries each. */
    public static void checkGroups(Config c, int heads, int keyValueHeads) {
        c.require(heads % keyValueHeads == 0, "num_key_value_heads", "a divisor of num_attention_heads, " + heads);
    }
}
