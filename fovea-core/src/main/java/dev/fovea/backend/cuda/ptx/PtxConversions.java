package dev.fovea.backend.cuda.ptx;

/** Conversions between types: {@code cvt}. */
final class PtxConversions {
    private PtxConversions() {}

    /** A number that a register has. */
    private interface Reader {
        double of(long bits);
    }

    /** The register for a number. */
    private interface Writer {
        long of(double x);
    }

    /** Of one value. */
    static PtxFunction.One one(PtxEntry.Statement s) {
        String to = s.opcode().get(s.opcode().size() - 2);
        String from = s.type();
        if (s.has("relu")) {
            throw PtxIntegers.unknown();
        }
        if (!isReal(from)) {
            return isReal(to) ? fromInteger(s, from, to) : integers(s, from, to);
        }
        Reader x = reader(from);
        PtxFunction.One in = from.equals("f32") ? PtxFloats.before(s) : a -> a;
        PtxRounding rounding = PtxRounding.of(s);
        if (!isReal(to)) {
            Writer integer = integer(to, from.equals("f64"));
            return a -> integer.of(rounding.integer(x.of(in.of(a))));
        }
        PtxFunction.One out = to.equals("f32") ? PtxFloats.after(s) : a -> a;
        if (s.has("sat") && !to.equals("f32")) {
            throw PtxIntegers.unknown();
        }
        boolean whole = s.has("rni") || s.has("rzi") || s.has("rmi") || s.has("rpi");
        Writer writer = writer(to, whole ? PtxRounding.NEAREST : rounding, from.equals("f64"));
        return whole
                ? a -> out.of(writer.of(rounding.integer(x.of(in.of(a)))))
                : a -> out.of(writer.of(x.of(in.of(a))));
    }

    /** Of two values to a pair: the first is the upper one. */
    static PtxFunction.Two pair(PtxEntry.Statement s) {
        String to = s.opcode().get(s.opcode().size() - 2).replace("x2", "");
        if (s.has("relu") || s.has("sat") || !s.type().equals("f32")) {
            throw PtxIntegers.unknown();
        }
        Writer writer = writer(to, PtxRounding.of(s), false);
        return (a, b) -> writer.of(PtxFloats.real(a)) << 16 | writer.of(PtxFloats.real(b));
    }

    private static boolean isReal(String type) {
        return type.contains("f");
    }

    private static Reader reader(String type) {
        return switch (type) {
            case "f16" -> a -> Float.float16ToFloat((short) a);
            case "bf16" -> a -> Float.intBitsToFloat((int) a << 16);
            case "f32" -> PtxFloats::real;
            case "f64" -> PtxFloats::wide;
            default -> throw PtxIntegers.unknown();
        };
    }

    /**
     * @param wide whether numbers have more bits than a float
     */
    private static Writer writer(String type, PtxRounding rounding, boolean wide) {
        boolean simple = rounding == PtxRounding.NEAREST && !wide;
        return switch (type) {
            case "f16" -> simple ? x -> half((float) x) : x -> half((float) rounding.round(x, 11, -14));
            case "bf16" ->
                simple ? x -> brain((float) x) : x -> brain((float) rounding.round(x, 8, Float.MIN_EXPONENT));
            case "f32" ->
                rounding == PtxRounding.NEAREST
                        ? x -> PtxFloats.bits((float) x)
                        : x -> PtxFloats.bits((float) rounding.round(x, 24, Float.MIN_EXPONENT));
            case "f64" -> PtxFloats::bits;
            default -> throw PtxIntegers.unknown();
        };
    }

    private static long half(float x) {
        return Float.isNaN(x) ? 0x7fff : Float.floatToFloat16(x) & 0xffff;
    }

    private static long brain(float x) {
        int bits = Float.floatToRawIntBits(x);
        return Float.isNaN(x) ? 0x7fff : (bits + 0x7fff + (bits >>> 16 & 1)) >>> 16;
    }

    /** A whole number to an integer: the nearest there is. */
    private static Writer integer(String type, boolean fromDouble) {
        int bits = PtxIntegers.bits(type);
        long least = least(type);
        long most = most(type);
        long none = fromDouble || bits == 64 ? 1L << bits - 1 : 0;
        if (type.equals("u64")) {
            return x -> Double.isNaN(x) ? none : x < 0x1p63 ? Math.max(0, (long) x) : unsigned(x);
        }
        return x -> Double.isNaN(x) ? none : Math.clamp((long) x, least, most);
    }

    private static long unsigned(double x) {
        return x >= 0x1p64 ? -1 : (long) (x - 0x1p63) + Long.MIN_VALUE;
    }

    private static long least(String type) {
        return type.startsWith("s") ? -1L << PtxIntegers.bits(type) - 1 : 0;
    }

    private static long most(String type) {
        int bits = PtxIntegers.bits(type) - (type.startsWith("s") ? 1 : 0);
        return bits >= 63 ? Long.MAX_VALUE : (1L << bits) - 1;
    }

    private static PtxFunction.One integers(PtxEntry.Statement s, String from, String to) {
        PtxFunction.One in = PtxIntegers.value(from);
        PtxFunction.One out = PtxIntegers.value(to);
        if (!s.has("sat")) {
            return a -> out.of(in.of(a));
        }
        long least = least(to);
        long most = most(to);
        boolean huge = from.equals("u64");
        return a -> huge && a < 0 ? most : Math.clamp(in.of(a), least, most);
    }

    private static PtxFunction.One fromInteger(PtxEntry.Statement s, String from, String to) {
        PtxFunction.One in = PtxIntegers.value(from);
        PtxRounding rounding = PtxRounding.of(s);
        PtxFunction.One out = to.equals("f32") ? PtxFloats.after(s) : a -> a;
        if (PtxIntegers.bits(from) < 64) {
            Writer writer = writer(to, rounding, true);
            return a -> out.of(writer.of((double) in.of(a))); // exact below 54 bits
        }
        if (rounding != PtxRounding.NEAREST || !(to.equals("f32") || to.equals("f64"))) {
            throw PtxIntegers.unknown();
        }
        boolean unsigned = from.equals("u64");
        boolean wide = to.equals("f64");
        return a -> {
            // Halved, the lost bit kept for the rounding, where it is too large for a long.
            boolean huge = unsigned && a < 0;
            long n = huge ? a >>> 1 | a & 1 : a;
            int by = huge ? 2 : 1;
            return wide ? PtxFloats.bits((double) n * by) : out.of(PtxFloats.bits((float) n * by));
        };
    }
}
