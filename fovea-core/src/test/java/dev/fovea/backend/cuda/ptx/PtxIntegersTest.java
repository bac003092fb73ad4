package dev.fovea.backend.cuda.ptx;

import static dev.fovea.backend.cuda.ptx.PtxOpcode.unsigned;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Instructions on integers and bits. */
class PtxIntegersTest {
    private static final PtxTrial TRIAL = new PtxTrial("opcodes");

    @AfterAll
    static void close() {
        TRIAL.close();
    }

    @ParameterizedTest
    @MethodSource("instructions")
    void answersAsJavaDoes(PtxOpcode instruction) {
        instruction.check(TRIAL);
    }

    static Stream<PtxOpcode> instructions() {
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
                i3("prmt_b32", PtxIntegersTest::permuted),
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

    private interface I2 {
        int of(int a, int b);
    }

    private interface I3 {
        int of(int a, int b, int c);
    }

    private interface Holds<T> {
        boolean of(T a, T b);
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

    private static PtxOpcode i(String name, I2 f) {
        return new PtxOpcode(name, "iii", (a, b, c) -> f.of((int) a, (int) b) & 0xffff_ffffL);
    }

    private static PtxOpcode i1(String name, I2 f) {
        return new PtxOpcode(name, "ii", (a, b, c) -> f.of((int) a, 0) & 0xffff_ffffL);
    }

    private static PtxOpcode i3(String name, I3 f) {
        return new PtxOpcode(name, "iiii", (a, b, c) -> f.of((int) a, (int) b, (int) c) & 0xffff_ffffL);
    }

    private static PtxOpcode l(String name, String types, PtxOpcode.Expected f) {
        return new PtxOpcode(name, types, f);
    }

    private static PtxOpcode holdsI(String name, Holds<Integer> f) {
        return new PtxOpcode(name, "iii", (a, b, c) -> f.of((int) a, (int) b) ? 1 : 0);
    }
}
