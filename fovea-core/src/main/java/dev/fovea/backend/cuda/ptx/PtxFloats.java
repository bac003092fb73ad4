package dev.fovea.backend.cuda.ptx;

/** Arithmetic of float32 and float64. What is not a number comes out as a device has it, with all bits set but the sign. */
final class PtxFloats {
    private static final double LN2 = Math.log(2);

    private PtxFloats() {}

    /** A function of numbers. */
    interface Real1 {
        double of(double a);
    }

    /** A function of two numbers. */
    interface Real2 {
        double of(double a, double b);
    }

    /** A function of two floats. */
    interface Float2 {
        float of(float a, float b);
    }

    static float real(long bits) {
        return Float.intBitsToFloat((int) bits);
    }

    static long bits(float x) {
        return Float.isNaN(x) ? 0x7fff_ffffL : Float.floatToRawIntBits(x) & 0xffff_ffffL;
    }

    static double wide(long bits) {
        return Double.longBitsToDouble(bits);
    }

    static long bits(double x) {
        return Double.isNaN(x) ? 0x7fff_ffff_ffff_ffffL : Double.doubleToRawLongBits(x);
    }

    static PtxFunction.One one(PtxEntry.Statement s) {
        boolean wide = s.type().equals("f64");
        long sign = wide ? Long.MIN_VALUE : 1L << 31;
        switch (s.base()) {
            case "abs" -> {
                return a -> a & ~sign;
            }
            case "neg" -> {
                return a -> a ^ sign;
            }
            default -> {}
        }
        Real1 f = switch (s.base()) {
            case "rcp" -> a -> 1 / a;
            case "sqrt" -> Math::sqrt;
            case "rsqrt" -> a -> 1 / Math.sqrt(a);
            case "ex2" -> a -> Math.exp(a * LN2);
            case "lg2" -> a -> Math.log(a) / LN2;
            case "sin" -> Math::sin;
            case "cos" -> Math::cos;
            case "tanh" -> Math::tanh;
            default -> throw PtxIntegers.unknown();
        };
        PtxRounding rounding = PtxRounding.of(s);
        if (rounding != PtxRounding.NEAREST) {
            throw PtxIntegers.unknown();
        }
        return wide ? a -> bits(f.of(wide(a))) : around(s, a -> bits((float) f.of(real(a))));
    }

    static PtxFunction.Two two(PtxEntry.Statement s) {
        if (s.type().equals("f64")) {
            return two64(s);
        }
        PtxRounding rounding = PtxRounding.of(s);
        boolean nearest = rounding == PtxRounding.NEAREST;
        boolean strict = s.has("NaN");
        Float2 f = switch (s.base()) {
            case "add" -> nearest ? Float::sum : (a, b) -> rounding.sum(a, b);
            case "sub" -> nearest ? (a, b) -> a - b : (a, b) -> rounding.sum(a, -b);
            case "mul" ->
                nearest ? (a, b) -> a * b : (a, b) -> (float) rounding.round((double) a * b, 24, Float.MIN_EXPONENT);
            case "div" -> (a, b) -> a / b;
            case "min" -> strict ? Math::min : (a, b) -> Float.isNaN(a) ? b : Float.isNaN(b) ? a : Math.min(a, b);
            case "max" -> strict ? Math::max : (a, b) -> Float.isNaN(a) ? b : Float.isNaN(b) ? a : Math.max(a, b);
            case "copysign" -> (a, b) -> Math.copySign(b, a);
            default -> throw PtxIntegers.unknown();
        };
        if (s.has("abs") || (s.base().equals("div") && !nearest)) {
            throw PtxIntegers.unknown();
        }
        return around(s, (a, b) -> bits(f.of(real(a), real(b))));
    }

    private static PtxFunction.Two two64(PtxEntry.Statement s) {
        if (PtxRounding.of(s) != PtxRounding.NEAREST) {
            throw PtxIntegers.unknown();
        }
        Real2 f = switch (s.base()) {
            case "add" -> Double::sum;
            case "sub" -> (a, b) -> a - b;
            case "mul" -> (a, b) -> a * b;
            case "div" -> (a, b) -> a / b;
            case "min" -> (a, b) -> Double.isNaN(a) ? b : Double.isNaN(b) ? a : Math.min(a, b);
            case "max" -> (a, b) -> Double.isNaN(a) ? b : Double.isNaN(b) ? a : Math.max(a, b);
            case "copysign" -> (a, b) -> Math.copySign(b, a);
            default -> throw PtxIntegers.unknown();
        };
        return (a, b) -> bits(f.of(wide(a), wide(b)));
    }

    /** a * b + c, rounded once. */
    static PtxFunction.Three fma(PtxEntry.Statement s) {
        PtxRounding rounding = PtxRounding.of(s);
        boolean nearest = rounding == PtxRounding.NEAREST;
        if (s.type().equals("f64") && nearest) {
            return (a, b, c) -> bits(Math.fma(wide(a), wide(b), wide(c)));
        }
        if (!s.type().equals("f32")) {
            throw PtxIntegers.unknown();
        }
        return around(
                s,
                nearest
                        ? (a, b, c) -> bits(Math.fma(real(a), real(b), real(c)))
                        : (a, b, c) -> bits(rounding.sum((double) real(a) * real(b), real(c))));
    }

    private static PtxFunction.One around(PtxEntry.Statement s, PtxFunction.One f) {
        PtxFunction.One in = before(s);
        PtxFunction.One out = after(s);
        return a -> out.of(f.of(in.of(a)));
    }

    private static PtxFunction.Two around(PtxEntry.Statement s, PtxFunction.Two f) {
        PtxFunction.One in = before(s);
        PtxFunction.One out = after(s);
        return (a, b) -> out.of(f.of(in.of(a), in.of(b)));
    }

    private static PtxFunction.Three around(PtxEntry.Statement s, PtxFunction.Three f) {
        PtxFunction.One in = before(s);
        PtxFunction.One out = after(s);
        return (a, b, c) -> out.of(f.of(in.of(a), in.of(b), in.of(c)));
    }

    /** What happens to a float32 operand: nothing, or subnormal ones become zero. */
    static PtxFunction.One before(PtxEntry.Statement s) {
        return s.has("ftz") ? PtxFloats::flush : a -> a;
    }

    /** What happens to a float32 result: it may be brought to 0 … 1. */
    static PtxFunction.One after(PtxEntry.Statement s) {
        PtxFunction.One flush = before(s);
        return s.has("sat") ? a -> saturate(flush.of(a)) : flush;
    }

    private static long flush(long a) {
        return (a & 0x7f80_0000L) == 0 ? a & 1L << 31 : a;
    }

    private static long saturate(long a) {
        float x = real(a);
        return x > 0 ? bits(Math.min(x, 1f)) : 0;
    }

    /** Whether a comparison of numbers holds; those that end in u hold for what is not a number. */
    static Comparison comparison(String name) {
        return switch (name) {
            case "eq" -> (a, b) -> a == b;
            case "ne" -> (a, b) -> a < b || a > b;
            case "lt" -> (a, b) -> a < b;
            case "le" -> (a, b) -> a <= b;
            case "gt" -> (a, b) -> a > b;
            case "ge" -> (a, b) -> a >= b;
            case "equ" -> (a, b) -> !(a < b || a > b);
            case "neu" -> (a, b) -> a != b;
            case "ltu" -> (a, b) -> !(a >= b);
            case "leu" -> (a, b) -> !(a > b);
            case "gtu" -> (a, b) -> !(a <= b);
            case "geu" -> (a, b) -> !(a < b);
            case "num" -> (a, b) -> !Double.isNaN(a) && !Double.isNaN(b);
            case "nan" -> (a, b) -> Double.isNaN(a) || Double.isNaN(b);
            default -> throw PtxIntegers.unknown();
        };
    }

    /** A relation of two numbers. */
    interface Comparison {
        boolean holds(double a, double b);
    }

    /** Whether a float32 is of a kind. */
    static PtxFunction.One kind(String name) {
        return switch (name) {
            case "finite" -> a -> Float.isFinite(real(a)) ? 1 : 0;
            case "infinite" -> a -> Float.isInfinite(real(a)) ? 1 : 0;
            case "number" -> a -> Float.isNaN(real(a)) ? 0 : 1;
            case "notanumber" -> a -> Float.isNaN(real(a)) ? 1 : 0;
            case "normal" -> a -> Float.isFinite(real(a)) && (a & 0x7f80_0000L) != 0 ? 1 : 0;
            case "subnormal" -> a -> (a & 0x7f80_0000L) == 0 && real(a) != 0 ? 1 : 0;
            default -> throw PtxIntegers.unknown();
        };
    }
}
