package dev.fovea.io;

/**
 * The numbers that a key of a configuration may have.
 *
 * <pre>{@code
 * int heads = config.integer("num_attention_heads", 16, Range.POSITIVE);
 * double eps = config.number("rms_norm_eps", 1e-6, Range.of(0, 1));
 * }</pre>
 *
 * @param open whether the lower end itself is left out
 */
public record Range(double from, boolean open, double to) {
    /** Extents of tensors: far above every model, and so small that three of them multiply without overflow. */
    private static final int LARGEST_SIZE = 1 << 20;

    /** Heads, layers, extents of tensors: from 1 up to {@value #LARGEST_SIZE}. */
    public static final Range SIZE = of(1, LARGEST_SIZE);

    /** Sides of patches and windows in pixels. */
    public static final Range PATCH = of(1, 1024);

    /** Sides of pictures in pixels. */
    public static final Range SIDE = of(1, 8192);

    /** How many of something are put together: patches that are merged, frames of a patch. */
    public static final Range FEW = of(1, 16);

    /** Rows of a table, positions: from 1 on. */
    public static final Range POSITIVE = atLeast(1);

    /** Ids of tokens and other counts: from 0 on. */
    public static final Range NOT_NEGATIVE = atLeast(0);

    /** What keeps a norm from dividing by zero. */
    public static final Range EPS = of(0, 1);

    /** Divisors, scales and bases: above 0, and a number in float32 as well. */
    public static final Range SCALE = new Range(0, true, Float.MAX_VALUE);

    public static Range atLeast(double from) {
        return new Range(from, false, Double.POSITIVE_INFINITY);
    }

    /** Both ends included. */
    public static Range of(double from, double to) {
        return new Range(from, false, to);
    }

    boolean contains(double value) {
        return (open ? value > from : value >= from) && value <= to;
    }

    /** As it follows the type in a message: {@code " above 0"}, {@code " from 1 to 5"}. */
    @Override
    public String toString() {
        if (open) {
            return " above " + plain(from) + (to < Float.MAX_VALUE ? " and at most " + plain(to) : "");
        }
        if (from == to) {
            return " equal to " + plain(from);
        }
        return to == Double.POSITIVE_INFINITY
                ? " of at least " + plain(from)
                : " from " + plain(from) + " to " + plain(to);
    }

    private static String plain(double number) {
        return number == Math.rint(number) && Math.abs(number) < Long.MAX_VALUE
                ? Long.toString((long) number)
                : Double.toString(number);
    }
}
