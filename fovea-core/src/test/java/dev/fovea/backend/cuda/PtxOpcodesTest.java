package dev.fovea.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each instruction by itself, on numbers where it could go wrong, against arithmetic of Java's own. */
class PtxOpcodesTest {
    private static final PtxTrial TRIAL = new PtxTrial("opcodes");

    private static final int[] INTS = {
        0,
        1,
        -1,
        2,
        3,
        5,
        7,
        31,
        32,
        33,
        63,
        64,
        100,
        255,
        256,
        -128,
        127,
        32767,
        -32768,
        65535,
        65536,
        0x7fffffff,
        0x80000000,
        0x80000001,
        0x12345678,
        0xdeadbeef,
        0x0f0f0f0f,
        1 << 24,
        (1 << 24) + 1,
        (1 << 24) + 3,
        -(1 << 24) - 1,
        0x7fffffbf
    };
    private static final float[] FLOATS = {
        0f,
        -0f,
        1f,
        -1f,
        0.5f,
        -0.5f,
        1.5f,
        2.5f,
        -2.5f,
        0.1f,
        3.3f,
        1 + 0x1p-23f,
        1 - 0x1p-24f,
        0x1p-24f,
        16777215f,
        8388609f,
        0x1p31f,
        0x1p32f,
        -0x1p31f,
        0x1p63f,
        0x1p64f,
        -0x1.8p63f,
        65519f,
        65520f,
        1e-6f,
        6e-8f,
        Float.MAX_VALUE,
        -Float.MAX_VALUE,
        Float.MIN_NORMAL,
        Float.MIN_VALUE,
        -1e-40f,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        Float.NaN,
        1.00390625f,
        1.01171875f,
        3.1415927f,
        -20.25f,
        88.7f,
        126.99f
    };

    /**
     * An instruction.
     *
     * @param types of the operands and then of the result: i, l, f, d, h (of 16 bits)
     * @param ulps how many units of the last place the result may be away
     */
    private record Case(String name, String types, Expected expected, int ulps) {
        @Override
        public String toString() {
            return name;
        }
    }

    private interface Expected {
        long of(long a, long b, long c);
    }

    private interface I2 {
        int of(int a, int b);
    }

    private interface I3 {
        int of(int a, int b, int c);
    }

    private interface F2 {
        float of(float a, float b);
    }

    private interface Holds<T> {
        boolean of(T a, T b);
    }

    private static Case i(String name, I2 f) {
        return new Case(name, "iii", (a, b, c) -> f.of((int) a, (int) b) & 0xffff_ffffL, 0);
    }

    private static Case i1(String name, I2 f) {
        return new Case(name, "ii", (a, b, c) -> f.of((int) a, 0) & 0xffff_ffffL, 0);
    }

    private static Case i3(String name, I3 f) {
        return new Case(name, "iiii", (a, b, c) -> f.of((int) a, (int) b, (int) c) & 0xffff_ffffL, 0);
    }

    private static Case l(String name, String types, Expected f) {
        return new Case(name, types, f, 0);
    }

    private static Case f(String name, F2 f) {
        return new Case(name, "fff", (a, b, c) -> bits(f.of(real(a), real(b))), 0);
    }

    private static Case f1(String name, int ulps, F2 f) {
        return new Case(name, "ff", (a, b, c) -> bits(f.of(real(a), 0)), ulps);
    }

    private static Case to(String name, String types, Expected f) {
        return new Case(name, types, f, 0);
    }

    private static Case holds(String name, Holds<Float> f) {
        return new Case(name, "ffi", (a, b, c) -> f.of(real(a), real(b)) ? 1 : 0, 0);
    }

    private static Case holdsI(String name, Holds<Integer> f) {
        return new Case(name, "iii", (a, b, c) -> f.of((int) a, (int) b) ? 1 : 0, 0);
    }

    private static float real(long bits) {
        return Float.intBitsToFloat((int) bits);
    }

    private static long bits(float x) {
        return Float.isNaN(x) ? 0x7fffffffL : Float.floatToRawIntBits(x) & 0xffff_ffffL;
    }

    private static long bits(double x) {
        return Double.isNaN(x) ? 0x7fffffff_ffffffffL : Double.doubleToRawLongBits(x);
    }

    private static BigInteger unsigned(long x) {
        return new BigInteger(Long.toUnsignedString(x));
    }

    /** The float next to a number on one side; -1 below, 1 above, 0 towards zero. */
    private static float directed(BigDecimal exact, float nearest, int side, float zero) {
        if (exact.signum() == 0) {
            return zero;
        }
        int way = side == 0 ? -exact.signum() : side;
        float x = Float.isInfinite(nearest) ? Math.copySign(Float.MAX_VALUE, nearest) : nearest;
        int compared = new BigDecimal(x).compareTo(exact);
        if (compared == 0 || compared == way) {
            return x;
        }
        return way < 0 ? Math.nextDown(x) : Math.nextUp(x);
    }

    private static Case sum(String name, int side) {
        return f(
                name,
                (a, b) -> Float.isFinite(a) && Float.isFinite(b)
                        ? directed(
                                new BigDecimal(a).add(new BigDecimal(b)),
                                a + b,
                                side,
                                side < 0 && !(bits(a) == 0 && bits(b) == 0) ? -0f : a + b)
                        : a + b);
    }

    private static Case times(String name, int side) {
        return f(
                name,
                (a, b) -> Float.isFinite(a) && Float.isFinite(b)
                        ? directed(new BigDecimal(a).multiply(new BigDecimal(b)), a * b, side, a * b)
                        : a * b);
    }

    private static Case fma(String name, int side) {
        return new Case(
                name,
                "ffff",
                (x, y, z) -> {
                    float a = real(x), b = real(y), c = real(z);
                    float nearest = Math.fma(a, b, c);
                    if (!Float.isFinite(a) || !Float.isFinite(b) || !Float.isFinite(c)) {
                        return bits(nearest);
                    }
                    boolean plusZero = bits(a * b) == 0 && bits(c) == 0;
                    return bits(directed(
                            new BigDecimal(a).multiply(new BigDecimal(b)).add(new BigDecimal(c)),
                            nearest,
                            side,
                            side < 0 && !plusZero ? -0f : nearest));
                },
                0);
    }

    private static float flush(float x) {
        return Math.abs(x) < Float.MIN_NORMAL ? Math.copySign(0f, x) : x;
    }

    private static int brain(float x) {
        if (Float.isNaN(x)) {
            return 0x7fff;
        }
        int low = Float.floatToRawIntBits(x) & 0xffff;
        int high = Float.floatToRawIntBits(x) >>> 16;
        return low > 0x8000 || (low == 0x8000 && (high & 1) == 1) ? high + 1 : high;
    }

    private static int half(float x) {
        return Float.isNaN(x) ? 0x7fff : Float.floatToFloat16(x) & 0xffff;
    }

    private static long clamp(double x, double least, double most) {
        return Double.isNaN(x)
                ? 0
                : new BigDecimal(Math.min(Math.max(x, least), most))
                        .toBigInteger()
                        .longValue();
    }

    static Stream<Case> integers() {
        return Stream.of(
                i1("not_b32", (a, b) -> ~a),
                i1("neg_s32", (a, b) -> -a),
                i1("abs_s32", (a, b) -> Math.abs(a)),
                i1("cnot_b32", (a, b) -> a == 0 ? 1 : 0),
                i1("popc_b32", (a, b) -> Integer.bitCount(a)),
                i1("clz_b32", (a, b) -> Integer.numberOfLeadingZeros(a)),
                i1("brev_b32", (a, b) -> Integer.reverse(a)),
                i1("bfind_u32", (a, b) -> 31 - Integer.numberOfLeadingZeros(a)),
                i1("bfind_s32", (a, b) -> 31 - Integer.numberOfLeadingZeros(a < 0 ? ~a : a)),
                i("add_s32", Integer::sum),
                i("sub_s32", (a, b) -> a - b),
                i("mul_lo_s32", (a, b) -> a * b),
                i(
                        "mul_hi_s32",
                        (a, b) -> BigInteger.valueOf(a)
                                .multiply(BigInteger.valueOf(b))
                                .shiftRight(32)
                                .intValue()),
                i(
                        "mul_hi_u32",
                        (a, b) -> unsigned(a & 0xffff_ffffL)
                                .multiply(unsigned(b & 0xffff_ffffL))
                                .shiftRight(32)
                                .intValue()),
                i("div_s32", (a, b) -> b == 0 ? -1 : a / b),
                i("div_u32", (a, b) -> b == 0 ? -1 : Integer.divideUnsigned(a, b)),
                i("rem_s32", (a, b) -> b == 0 ? a : a % b),
                i("rem_u32", (a, b) -> b == 0 ? a : Integer.remainderUnsigned(a, b)),
                i("min_s32", Math::min),
                i("min_u32", (a, b) -> Integer.compareUnsigned(a, b) < 0 ? a : b),
                i("max_s32", Math::max),
                i("max_u32", (a, b) -> Integer.compareUnsigned(a, b) > 0 ? a : b),
                i("and_b32", (a, b) -> a & b),
                i("or_b32", (a, b) -> a | b),
                i("xor_b32", (a, b) -> a ^ b),
                i("shl_b32", (a, b) -> b < 0 || b > 31 ? 0 : a << b),
                i("shr_u32", (a, b) -> b < 0 || b > 31 ? 0 : a >>> b),
                i("shr_s32", (a, b) -> b < 0 || b > 31 ? a >> 31 : a >> b),
                i3("mad_lo_s32", (a, b, c) -> a * b + c),
                i3("mad_hi_s32", (a, b, c) -> (int) ((long) a * b >> 32) + c),
                i3("mad_hi_u32", (a, b, c) -> (int) ((a & 0xffff_ffffL) * (b & 0xffff_ffffL) >>> 32) + c),
                i3(
                        "sad_s32",
                        (a, b, c) -> BigInteger.valueOf(a)
                                        .subtract(BigInteger.valueOf(b))
                                        .abs()
                                        .intValue()
                                + c),
                i3("bfe_u32", (a, b, c) -> field(BigInteger.valueOf(a & 0xffff_ffffL), b & 255, c & 255, false)),
                i3("bfe_s32", (a, b, c) -> field(BigInteger.valueOf(a), b & 255, c & 255, true)),
                i3("bfi_b32", (a, b, c) -> {
                    int from = c & 31, mask = (int) ((1L << (c >> 5 & 31)) - 1) << from;
                    return b & ~mask | a << from & mask;
                }),
                i3("prmt_b32", PtxOpcodesTest::permuted),
                i3("lop3_b32", (a, b, c) -> b & a | ~b & c),
                i3(
                        "shf_l_wrap",
                        (a, b, c) ->
                                funnel(a, b).shiftLeft(c & 31).shiftRight(32).intValue()),
                i3("shf_r_wrap", (a, b, c) -> funnel(a, b).shiftRight(c & 31).intValue()),
                i3(
                        "shf_l_clamp",
                        (a, b, c) -> funnel(a, b)
                                .shiftLeft(c < 0 || c > 32 ? 32 : c)
                                .shiftRight(32)
                                .intValue()),
                i3(
                        "shf_r_clamp",
                        (a, b, c) -> funnel(a, b)
                                .shiftRight(c < 0 || c > 32 ? 32 : c)
                                .intValue()),
                l("mul_wide_s32", "iil", (a, b, c) -> (long) (int) a * (int) b),
                l("mul_wide_u32", "iil", (a, b, c) -> (a & 0xffff_ffffL) * (b & 0xffff_ffffL)),
                l("mad_wide_s32", "iill", (a, b, c) -> (long) (int) a * (int) b + c),
                l("mad_wide_u32", "iill", (a, b, c) -> (a & 0xffff_ffffL) * (b & 0xffff_ffffL) + c),
                l("popc_b64", "li", (a, b, c) -> Long.bitCount(a)),
                l("clz_b64", "li", (a, b, c) -> Long.numberOfLeadingZeros(a)),
                l("not_b64", "ll", (a, b, c) -> ~a),
                l("neg_s64", "ll", (a, b, c) -> -a),
                l("brev_b64", "ll", (a, b, c) -> Long.reverse(a)),
                l("add_s64", "lll", (a, b, c) -> a + b),
                l("sub_s64", "lll", (a, b, c) -> a - b),
                l("mul_lo_s64", "lll", (a, b, c) -> a * b),
                l(
                        "mul_hi_s64",
                        "lll",
                        (a, b, c) -> BigInteger.valueOf(a)
                                .multiply(BigInteger.valueOf(b))
                                .shiftRight(64)
                                .longValue()),
                l(
                        "mul_hi_u64",
                        "lll",
                        (a, b, c) ->
                                unsigned(a).multiply(unsigned(b)).shiftRight(64).longValue()),
                l("div_s64", "lll", (a, b, c) -> b == 0 ? -1 : a / b),
                l("rem_s64", "lll", (a, b, c) -> b == 0 ? a : a % b),
                l(
                        "div_u64",
                        "lll",
                        (a, b, c) ->
                                b == 0 ? -1 : unsigned(a).divide(unsigned(b)).longValue()),
                l(
                        "rem_u64",
                        "lll",
                        (a, b, c) ->
                                b == 0 ? a : unsigned(a).remainder(unsigned(b)).longValue()),
                l("min_s64", "lll", (a, b, c) -> Math.min(a, b)),
                l("min_u64", "lll", (a, b, c) -> unsigned(a).min(unsigned(b)).longValue()),
                l("max_u64", "lll", (a, b, c) -> unsigned(a).max(unsigned(b)).longValue()),
                l("and_b64", "lll", (a, b, c) -> a & b),
                l("mad_lo_s64", "llll", (a, b, c) -> a * b + c),
                l("shl_b64", "lil", (a, b, c) -> b >>> 6 != 0 ? 0 : a << b),
                l("shr_u64", "lil", (a, b, c) -> b >>> 6 != 0 ? 0 : a >>> b),
                l("shr_s64", "lil", (a, b, c) -> b >>> 6 != 0 ? a >> 63 : a >> b),
                l("mul_lo_s16", "hhh", (a, b, c) -> a * b & 0xffff),
                l("shr_s16", "hih", (a, b, c) -> (short) a >> (b > 15 ? 15 : b) & 0xffff),
                l("min_s16", "hhh", (a, b, c) -> Math.min((short) a, (short) b) & 0xffff),
                l("max_u16", "hhh", (a, b, c) -> Math.max(a, b)),
                l("unpack_b64", "ll", (a, b, c) -> Long.rotateLeft(a, 32)),
                holdsI("lt_s32", (a, b) -> a < b),
                holdsI("ge_s32", (a, b) -> a >= b),
                holdsI("eq_s32", (a, b) -> a.intValue() == b),
                holdsI("lt_u32", (a, b) -> Integer.compareUnsigned(a, b) < 0),
                holdsI("hi_u32", (a, b) -> Integer.compareUnsigned(a, b) > 0),
                holdsI("ne_u32", (a, b) -> a.intValue() != b),
                l("lt_u64", "lli", (a, b, c) -> unsigned(a).compareTo(unsigned(b)) < 0 ? 1 : 0),
                l("gt_s64", "lli", (a, b, c) -> a > b ? 1 : 0));
    }

    private static BigInteger funnel(int low, int high) {
        return BigInteger.valueOf(high & 0xffff_ffffL).shiftLeft(32).or(BigInteger.valueOf(low & 0xffff_ffffL));
    }

    private static int field(BigInteger x, int from, int count, boolean signed) {
        BigInteger field =
                x.shiftRight(from).and(BigInteger.ONE.shiftLeft(count).subtract(BigInteger.ONE));
        return signed && count > 0 && field.testBit(count - 1)
                ? field.subtract(BigInteger.ONE.shiftLeft(count)).intValue()
                : field.intValue();
    }

    private static int permuted(int a, int b, int selector) {
        byte[] bytes = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(a)
                .putInt(b)
                .array();
        byte[] chosen = new byte[4];
        for (int i = 0; i < 4; i++) {
            int digit = selector >> 4 * i & 15;
            chosen[i] = digit < 8 ? bytes[digit] : bytes[digit - 8] < 0 ? (byte) 0xff : 0;
        }
        return ByteBuffer.wrap(chosen).order(ByteOrder.LITTLE_ENDIAN).getInt();
    }

    static Stream<Case> reals() {
        return Stream.of(
                to("abs_f32", "ff", (a, b, c) -> a & 0x7fffffff),
                to("neg_f32", "ff", (a, b, c) -> a ^ 0x80000000L),
                f1("rcp_rn_f32", 0, (a, b) -> 1 / a),
                f1("sqrt_rn_f32", 0, (a, b) -> (float) Math.sqrt(a)),
                f1("rcp_approx_f32", 1, (a, b) -> flush(1 / flush(a))),
                f1("sqrt_approx_f32", 1, (a, b) -> (float) Math.sqrt(a)),
                f1("rsqrt_f32", 2, (a, b) -> (float) (1 / Math.sqrt(a))),
                f1("ex2_f32", 2, (a, b) -> (float) Math.pow(2, a)),
                f1("ex2_ftz_f32", 2, (a, b) -> flush((float) Math.pow(2, flush(a)))),
                f1("lg2_f32", 2, (a, b) -> (float) (Math.log10(a) / Math.log10(2))),
                f1("tanh_f32", 2, (a, b) -> (float) Math.tanh(a)),
                f1("sin_f32", 2, (a, b) -> (float) Math.sin(a)),
                f1("cos_f32", 2, (a, b) -> (float) Math.cos(a)),
                f1("saturate", 0, (a, b) -> a > 0 ? a < 1 ? a : 1 : 0),
                f1("f32_rint", 0, (a, b) -> (float) Math.rint(a)),
                f1("f32_trunc", 0, (a, b) -> Math.abs(a) < 0x1p23f ? Math.copySign((float) (int) a, a) : a),
                f1("f32_floor", 0, (a, b) -> (float) Math.floor(a)),
                f1("f32_ceil", 0, (a, b) -> (float) Math.ceil(a)),
                f("add_f32", Float::sum),
                f("sub_f32", (a, b) -> a - b),
                f("mul_f32", (a, b) -> a * b),
                f("div_f32", (a, b) -> a / b),
                sum("add_rm_f32", -1),
                sum("add_rp_f32", 1),
                sum("add_rz_f32", 0),
                times("mul_rm_f32", -1),
                times("mul_rz_f32", 0),
                fma("fma_rm_f32", -1),
                fma("fma_rp_f32", 1),
                fma("fma_rz_f32", 0),
                new Case("fma_f32", "ffff", (a, b, c) -> bits(Math.fma(real(a), real(b), real(c))), 0),
                f("add_ftz_f32", (a, b) -> flush(flush(a) + flush(b))),
                f("add_sat_f32", (a, b) -> a + b > 0 ? Math.min(a + b, 1) : 0),
                f("min_f32", (a, b) -> Float.isNaN(a) ? b : Float.isNaN(b) ? a : Math.min(a, b)),
                f("max_f32", (a, b) -> Float.isNaN(a) ? b : Float.isNaN(b) ? a : Math.max(a, b)),
                f("max_nan_f32", Math::max),
                to(
                        "copysign_f32",
                        "fff",
                        (a, b, c) -> Float.isNaN(real(b)) ? 0x7fffffff : a & 0x80000000L | b & 0x7fffffff),
                to("add_f64", "ddd", (a, b, c) -> bits(Double.longBitsToDouble(a) + Double.longBitsToDouble(b))),
                to("mul_f64", "ddd", (a, b, c) -> bits(Double.longBitsToDouble(a) * Double.longBitsToDouble(b))),
                to("div_f64", "ddd", (a, b, c) -> bits(Double.longBitsToDouble(a) / Double.longBitsToDouble(b))),
                to("min_f64", "ddd", (a, b, c) -> {
                    double x = Double.longBitsToDouble(a), y = Double.longBitsToDouble(b);
                    return bits(Double.isNaN(x) ? y : Double.isNaN(y) ? x : Math.min(x, y));
                }),
                holds("lt_f32", (a, b) -> a.floatValue() < b),
                holds("ltu_f32", (a, b) -> none(a, b) || a.floatValue() < b),
                holds("ne_f32", (a, b) -> !none(a, b) && a.floatValue() != b.floatValue()),
                holds("neu_f32", (a, b) -> a.floatValue() != b.floatValue()),
                holds("geu_f32", (a, b) -> none(a, b) || a.floatValue() >= b),
                holds("num_f32", (a, b) -> !none(a, b)),
                holds("equ_f32", (a, b) -> none(a, b) || a.floatValue() == b.floatValue()),
                holds("lt_and_f32", (a, b) -> a.floatValue() < b && a > 0),
                to("finite", "fi", (a, b, c) -> Float.isFinite(real(a)) ? 1 : 0),
                to("infinite", "fi", (a, b, c) -> Float.isInfinite(real(a)) ? 1 : 0),
                to("number", "fi", (a, b, c) -> Float.isNaN(real(a)) ? 0 : 1),
                to("notanumber", "fi", (a, b, c) -> Float.isNaN(real(a)) ? 1 : 0),
                to(
                        "normal",
                        "fi",
                        (a, b, c) -> Float.isFinite(real(a)) && Math.abs(real(a)) >= Float.MIN_NORMAL ? 1 : 0),
                to("subnormal", "fi", (a, b, c) -> real(a) != 0 && Math.abs(real(a)) < Float.MIN_NORMAL ? 1 : 0),
                to("set_lt_f32", "fff", (a, b, c) -> real(a) < real(b) ? bits(1f) : 0));
    }

    private static boolean none(float a, float b) {
        return Float.isNaN(a) || Float.isNaN(b);
    }

    static Stream<Case> conversions() {
        return Stream.of(
                to("s32_f32_rni", "fi", (a, b, c) -> clamp(Math.rint(real(a)), Integer.MIN_VALUE, Integer.MAX_VALUE)),
                to("s32_f32_rzi", "fi", (a, b, c) -> clamp(real(a), Integer.MIN_VALUE, Integer.MAX_VALUE)),
                to("s32_f32_rmi", "fi", (a, b, c) -> clamp(Math.floor(real(a)), Integer.MIN_VALUE, Integer.MAX_VALUE)),
                to("u32_f32_rzi", "fi", (a, b, c) -> clamp(real(a), 0, 0xffff_ffffL)),
                to("s64_f32_rzi", "fl", (a, b, c) -> Float.isNaN(real(a)) ? Long.MIN_VALUE : (long) real(a)),
                to(
                        "u64_f32_rzi",
                        "fl",
                        (a, b, c) -> Float.isNaN(real(a))
                                ? Long.MIN_VALUE
                                : real(a) >= 0x1p64f ? -1 : clamp(real(a), 0, 0x1p64)),
                to("f32_s32", "if", (a, b, c) -> bits(new BigDecimal((int) a).floatValue())),
                to("f32_u32", "if", (a, b, c) -> bits(new BigDecimal(a & 0xffff_ffffL).floatValue())),
                to("f32_s32_rz", "if", (a, b, c) -> bits(directed(new BigDecimal((int) a), (int) a, 0, 0f))),
                to("f32_s64", "lf", (a, b, c) -> bits(new BigDecimal(a).floatValue())),
                to("f32_u64", "lf", (a, b, c) -> bits(new BigDecimal(unsigned(a)).floatValue())),
                to("f64_f32", "fd", (a, b, c) -> bits((double) real(a))),
                to("f32_f64", "df", (a, b, c) -> bits((float) Double.longBitsToDouble(a))),
                to("f32_f64_rz", "df", (a, b, c) -> {
                    double x = Double.longBitsToDouble(a);
                    return bits(
                            Double.isInfinite(x) || Double.isNaN(x)
                                    ? (float) x
                                    : directed(new BigDecimal(x), (float) x, 0, (float) x));
                }),
                to("f16_f32", "fh", (a, b, c) -> half(real(a))),
                to("f16_f32_rz", "fh", (a, b, c) -> {
                    float x = real(a);
                    int nearest = half(x);
                    boolean further = Math.abs(Float.float16ToFloat((short) nearest)) > Math.abs(x);
                    return further ? nearest - 1 : nearest;
                }),
                to("f32_f16", "hf", (a, b, c) -> bits(Float.float16ToFloat((short) a))),
                to("bf16_f32", "fh", (a, b, c) -> brain(real(a))),
                to("bf16x2_f32", "ffi", (a, b, c) -> (long) brain(real(a)) << 16 | brain(real(b))),
                to(
                        "bf16x2_f32_rz",
                        "ffi",
                        (a, b, c) -> (Float.isNaN(real(a)) ? 0x7fff0000L : a & 0xffff0000L)
                                | (Float.isNaN(real(b)) ? 0x7fff : b >>> 16 & 0xffff)),
                to("f16x2_f32", "ffi", (a, b, c) -> (long) half(real(a)) << 16 | half(real(b))),
                to("s32_s8", "ii", (a, b, c) -> (byte) a & 0xffff_ffffL),
                to("u32_u16", "hi", (a, b, c) -> a),
                to("s64_s32", "il", (a, b, c) -> (int) a),
                to("u64_u32", "il", (a, b, c) -> a & 0xffff_ffffL),
                to("u32_u64", "li", (a, b, c) -> a & 0xffff_ffffL),
                to(
                        "s32_s64_sat",
                        "li",
                        (a, b, c) -> Math.clamp(a, Integer.MIN_VALUE, Integer.MAX_VALUE) & 0xffff_ffffL),
                to("u8_s32_sat", "ii", (a, b, c) -> Math.clamp((int) a, 0, 255)));
    }

    @AfterAll
    static void close() {
        TRIAL.close();
    }

    @ParameterizedTest
    @MethodSource({"integers", "reals", "conversions"})
    void answersAsJavaDoes(Case c) {
        int operands = c.types.length() - 1;
        List<long[]> rows = rows(c, operands);
        Arguments arguments = new Arguments();
        for (int i = 0; i < operands; i++) {
            arguments.pointer(TRIAL.put(packed(rows, i, c.types.charAt(i))));
        }
        char type = c.types.charAt(operands);
        byte[] result = new byte[rows.size() * bytes(type)];
        long d = TRIAL.put(MemorySegment.ofArray(result));
        arguments.pointer(d);
        TRIAL.launch(c.name, rows.size() / 32, 32, arguments);
        TRIAL.device.download(d, MemorySegment.ofArray(result));
        ByteBuffer results = ByteBuffer.wrap(result).order(ByteOrder.LITTLE_ENDIAN);
        for (long[] row : rows) {
            long expected = c.expected.of(row[0], row[1], row[2]);
            long actual = value(results, type);
            String what = "%s of %x, %x, %x: %x, expected %x"
                    .formatted(c.name, row[0], row[1], row[2], actual, mask(expected, type));
            if (c.ulps > 0 && Float.isFinite(real(expected)) && Float.isFinite(real(actual))) {
                assertThat(Math.abs(real(actual) - real(expected)))
                        .as(what)
                        .isLessThanOrEqualTo(c.ulps * Math.ulp(real(expected)));
            } else {
                assertThat(actual).as(what).isEqualTo(mask(expected, type));
            }
        }
    }

    /** Operands: some of all pairs, and random ones; a multiple of 32. */
    private static List<long[]> rows(Case c, int operands) {
        Random random = new Random(c.name.hashCode());
        List<long[]> rows = new ArrayList<>();
        for (int n = 0; n < 1024; n++) {
            long[] row = new long[3];
            for (int i = 0; i < operands; i++) {
                int index = operands == 1 ? n : i == 0 ? n / 32 : i == 1 ? n % 32 : random.nextInt();
                row[i] = operand(random, c.types.charAt(i), n >= 1024 - 320 ? random.nextInt() : index);
            }
            rows.add(row);
        }
        return rows;
    }

    private static long operand(Random random, char type, int index) {
        boolean known = index >= 0 && index < (type == 'f' || type == 'd' ? FLOATS.length : INTS.length);
        return switch (type) {
            case 'f' ->
                bits(known ? FLOATS[index] : (float) Math.scalb(random.nextGaussian(), random.nextInt(-30, 30)));
            case 'd' ->
                bits(known ? (double) FLOATS[index] : Math.scalb(random.nextGaussian(), random.nextInt(-130, 130)));
            case 'l' -> known ? INTS[index] : random.nextLong() >> random.nextInt(64);
            case 'h' -> (known ? INTS[index] : random.nextInt()) & 0xffff;
            default -> (known ? INTS[index] : random.nextInt() >> random.nextInt(32)) & 0xffff_ffffL;
        };
    }

    private static int bytes(char type) {
        return type == 'l' || type == 'd' ? 8 : type == 'h' ? 2 : 4;
    }

    private static long mask(long x, char type) {
        return x & -1L >>> 64 - 8 * bytes(type);
    }

    private static MemorySegment packed(List<long[]> rows, int operand, char type) {
        ByteBuffer buffer = ByteBuffer.allocate(rows.size() * bytes(type)).order(ByteOrder.LITTLE_ENDIAN);
        for (long[] row : rows) {
            switch (bytes(type)) {
                case 2 -> buffer.putShort((short) row[operand]);
                case 4 -> buffer.putInt((int) row[operand]);
                default -> buffer.putLong(row[operand]);
            }
        }
        return MemorySegment.ofArray(buffer.array());
    }

    private static long value(ByteBuffer buffer, char type) {
        return switch (bytes(type)) {
            case 2 -> buffer.getShort() & 0xffffL;
            case 4 -> buffer.getInt() & 0xffff_ffffL;
            default -> buffer.getLong();
        };
    }
}
