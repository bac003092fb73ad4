package dev.fovea.backend;

import dev.fovea.tensor.DType;

/**
 * How far a result may be from the reference, per element. float32 is correct to {@link #EPS}; a float32 sum of n terms, in
 * whatever order, to {@link #sum} times the sum of their magnitudes; the last rounding costs half a unit of the result's dtype
 * (2^-24 relative for float32, 2^-9 for bfloat16, 2^-12 for float16), which {@link Trial} adds.
 */
@FunctionalInterface
interface Bound {
    /** Half a unit in the last place of 1. */
    double EPS = 0x1p-24;

    /** Results this small may be flushed to zero by the hardware. */
    double FLUSHED = Float.MIN_NORMAL;

    /** No freedom at all. */
    Bound EXACT = (i, expected) -> 0;

    double at(int i, double expected);

    /** Error of a float32 sum of n terms, relative to the sum of their magnitudes: it grows as a random walk does. */
    static double sum(double n) {
        return 4 * Math.sqrt(n) * EPS;
    }

    /** Half the distance between neighbours of a dtype at a value. */
    static double halfUnit(DType dtype, double value) {
        int exponent = Math.getExponent(value);
        return switch (dtype) {
            case BFLOAT16 -> Math.scalb(0.5, Math.max(exponent, -126) - 7);
            case FLOAT16 -> Math.scalb(0.5, Math.max(exponent, -14) - 10);
            default -> Math.scalb(0.5, Math.max(exponent, -126) - 23);
        };
    }
}
