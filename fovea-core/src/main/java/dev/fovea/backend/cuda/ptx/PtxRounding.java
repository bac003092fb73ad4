package dev.fovea.backend.cuda.ptx;

/** How a number becomes one of a format with fewer bits. */
enum PtxRounding {
    /** To the nearest; of two, to the even one. */
    NEAREST,
    /** Towards zero. */
    ZERO,
    /** Towards minus infinity. */
    DOWN,
    /** Towards infinity. */
    UP;

    /** The one that an instruction names: {@code rn}, {@code rni} … */
    static PtxRounding of(PtxEntry.Statement s) {
        for (String part : s.opcode()) {
            switch (part) {
                case "rz", "rzi" -> {
                    return ZERO;
                }
                case "rm", "rmi" -> {
                    return DOWN;
                }
                case "rp", "rpi" -> {
                    return UP;
                }
                default -> {}
            }
        }
        return NEAREST;
    }

    /** To an integer. */
    double integer(double x) {
        return switch (this) {
            case NEAREST -> Math.rint(x);
            case ZERO -> x < 0 ? Math.ceil(x) : Math.floor(x);
            case DOWN -> Math.floor(x);
            case UP -> Math.ceil(x);
        };
    }

    /**
     * To a format of floating point.
     *
     * @param digits bits of its significand, the one before the point included
     * @param least exponent of its smallest normal number; that of the largest is one less than its opposite
     */
    double round(double x, int digits, int least) {
        if (x == 0 || Double.isNaN(x) || Double.isInfinite(x)) {
            return x;
        }
        double unit = Math.scalb(1.0, Math.max(Math.getExponent(x), least) - digits + 1);
        double rounded = integer(x / unit) * unit;
        double most = Math.scalb(2 - Math.scalb(1.0, 1 - digits), 1 - least);
        if (Math.abs(rounded) <= most) {
            return rounded;
        }
        boolean stays = this == ZERO || (this == DOWN && x > 0) || (this == UP && x < 0);
        return Math.copySign(stays ? most : Double.POSITIVE_INFINITY, x);
    }

    /** {@code x + y} as a float, rounded once. */
    float sum(double x, double y) {
        double sum = x + y;
        double part = sum - x;
        double error = (x - (sum - part)) + (y - part);
        if (sum == 0) {
            boolean cancelled = x != 0 || Math.copySign(1, x) != Math.copySign(1, y);
            return cancelled ? this == DOWN ? -0f : 0f : (float) sum;
        }
        // An odd last bit says that there is more; so the second rounding sees which way.
        if (error != 0 && Double.isFinite(sum) && (Double.doubleToRawLongBits(sum) & 1) == 0) {
            sum = error > 0 == sum > 0 ? away(sum) : Double.longBitsToDouble(Double.doubleToRawLongBits(sum) - 1);
        }
        return (float) round(sum, 24, Float.MIN_EXPONENT);
    }

    private static double away(double x) {
        return Double.longBitsToDouble(Double.doubleToRawLongBits(x) + 1);
    }
}
