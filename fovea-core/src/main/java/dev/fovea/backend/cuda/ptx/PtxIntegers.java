package dev.fovea.backend.cuda.ptx;

import dev.fovea.error.NativeException;

/** Arithmetic of integers and bits. */
final class PtxIntegers {
    private PtxIntegers() {}

    /** A register's value by its type: with its sign, or without. */
    static PtxFunction.One value(String type) {
        return switch (type) {
            case "s8" -> a -> (byte) a;
            case "u8", "b8" -> a -> a & 0xff;
            case "s16" -> a -> (short) a;
            case "u16", "b16" -> a -> a & 0xffff;
            case "s32" -> a -> (int) a;
            case "u32", "b32" -> a -> a & 0xffff_ffffL;
            case "s64", "u64", "b64" -> a -> a;
            case "pred" -> a -> a & 1;
            default -> throw new NativeException("the interpreter has no integers of type ." + type);
        };
    }

    static int bits(String type) {
        return 8 * PtxSource.bytes(type);
    }

    static PtxFunction.One one(String base, String type) {
        PtxFunction.One x = value(type);
        int bits = bits(type);
        return switch (base) {
            case "not" -> type.equals("pred") ? a -> a & 1 ^ 1 : a -> ~a;
            case "cnot" -> a -> x.of(a) == 0 ? 1 : 0;
            case "neg" -> a -> -a;
            case "abs" -> a -> Math.abs(x.of(a));
            case "popc" -> a -> Long.bitCount(unsigned(a, bits));
            case "clz" -> a -> Long.numberOfLeadingZeros(unsigned(a, bits)) - 64 + bits;
            case "brev" -> a -> Long.reverse(a) >>> 64 - bits;
            case "bfind" -> a -> highest(x.of(a));
            default -> throw unknown();
        };
    }

    /** Where the highest bit is that is no sign; -1 if there is none. */
    private static long highest(long a) {
        return 63L - Long.numberOfLeadingZeros(a < 0 ? ~a : a);
    }

    static PtxFunction.Two two(String base, String type) {
        PtxFunction.One x = value(type);
        int bits = bits(type);
        boolean unsigned = type.equals("u64");
        return switch (base) {
            case "add" -> (a, b) -> a + b;
            case "sub" -> (a, b) -> a - b;
            case "and" -> (a, b) -> a & b;
            case "or" -> (a, b) -> a | b;
            case "xor" -> (a, b) -> a ^ b;
            case "shl" -> (a, b) -> (b & 0xffff_ffffL) >= bits ? 0 : a << b;
            case "shr" ->
                type.startsWith("s")
                        ? (a, b) -> x.of(a) >> Math.min(b & 0xffff_ffffL, 63)
                        : (a, b) -> (b & 0xffff_ffffL) >= bits ? 0 : x.of(a) >>> b;
            case "div" ->
                unsigned
                        ? (a, b) -> b == 0 ? -1 : Long.divideUnsigned(a, b)
                        : (a, b) -> x.of(b) == 0 ? -1 : x.of(a) / x.of(b);
            case "rem" ->
                unsigned
                        ? (a, b) -> b == 0 ? a : Long.remainderUnsigned(a, b)
                        : (a, b) -> x.of(b) == 0 ? a : x.of(a) % x.of(b);
            case "min" ->
                unsigned ? (a, b) -> Long.compareUnsigned(a, b) <= 0 ? a : b : (a, b) -> Math.min(x.of(a), x.of(b));
            case "max" ->
                unsigned ? (a, b) -> Long.compareUnsigned(a, b) >= 0 ? a : b : (a, b) -> Math.max(x.of(a), x.of(b));
            case "bmsk" -> (a, b) -> (b & 0xffff_ffffL) >= 32 ? -1L << (int) a : (1L << b) - 1 << (int) a;
            default -> throw unknown();
        };
    }

    /** The part of a product that {@code which} names: {@code lo}, {@code hi}, {@code wide}. */
    static PtxFunction.Two product(String which, String type) {
        PtxFunction.One x = value(type);
        int bits = bits(type);
        return switch (which) {
            case "lo" -> (a, b) -> a * b;
            case "wide" -> (a, b) -> x.of(a) * x.of(b);
            case "hi" ->
                bits < 64
                        ? (a, b) -> x.of(a) * x.of(b) >> bits
                        : type.equals("s64") ? Math::multiplyHigh : Math::unsignedMultiplyHigh;
            default -> throw unknown();
        };
    }

    static PtxFunction.Three three(String base, String type, String variant) {
        PtxFunction.One x = value(type);
        return switch (base) {
            case "mad" -> {
                PtxFunction.Two product = product(variant, type);
                yield (a, b, c) -> product.of(a, b) + c;
            }
            case "sad" -> (a, b, c) -> Math.abs(x.of(a) - x.of(b)) + c;
            case "bfe" -> (a, b, c) -> extract(x.of(a), (int) b & 0xff, (int) c & 0xff, type.startsWith("s"));
            case "shf" -> shift(variant.startsWith("l"), variant.endsWith("wrap"));
            case "prmt" -> PtxIntegers::permute;
            case "selp" -> (a, b, p) -> (p & 1) != 0 ? a : b;
            case "slct" -> (a, b, c) -> (int) c >= 0 ? a : b;
            default -> throw unknown();
        };
    }

    private static long unsigned(long a, int bits) {
        return a & -1L >>> 64 - bits;
    }

    /** Some bits of a value; beyond its end there are more of its sign, or zeros. */
    private static long extract(long a, int from, int count, boolean signed) {
        if (count == 0) {
            return 0;
        }
        int unused = Math.max(0, 64 - count);
        return signed ? a >> Math.min(from, 63) << unused >> unused : (from > 63 ? 0 : a >>> from) << unused >>> unused;
    }

    /** Puts {@code count} bits of {@code a} into {@code b}. */
    static long insert(long a, long b, int from, int count, int bits) {
        if (count == 0 || from >= bits) {
            return b;
        }
        long field = (count >= 64 ? -1L : (1L << count) - 1) << from;
        return b & ~field | a << from & field;
    }

    private static PtxFunction.Three shift(boolean left, boolean wraps) {
        return (a, b, c) -> {
            int by = wraps ? (int) c & 31 : (int) Math.min(c & 0xffff_ffffL, 32);
            long both = b << 32 | a & 0xffff_ffffL;
            return left ? both << by >>> 32 : both >>> by;
        };
    }

    /** Bytes of {@code b} and {@code a}, by four digits of the selector; a digit above 7 asks for the byte's sign alone. */
    private static long permute(long a, long b, long selector) {
        long both = b << 32 | a & 0xffff_ffffL;
        long result = 0;
        for (int i = 0; i < 4; i++) {
            int digit = (int) (selector >> 4 * i) & 15;
            byte one = (byte) (both >>> 8 * (digit & 7));
            result |= ((digit & 8) != 0 ? one >> 7 : one) * 1L << 8 * i & 0xffL << 8 * i;
        }
        return result;
    }

    /** A function of three bits, by its table. */
    static PtxFunction.Three logic(int table) {
        return (a, b, c) -> {
            long result = 0;
            for (int i = 0; i < 8; i++) {
                if ((table >> i & 1) != 0) {
                    result |= ((i & 4) != 0 ? a : ~a) & ((i & 2) != 0 ? b : ~b) & ((i & 1) != 0 ? c : ~c);
                }
            }
            return result;
        };
    }

    static NativeException unknown() {
        return new NativeException("the interpreter does not know this instruction");
    }
}
