package dev.fovea.backend.cuda.ptx;

import static dev.fovea.backend.cuda.ptx.PtxOpcode.bits;
import static dev.fovea.backend.cuda.ptx.PtxOpcode.real;

import java.math.BigDecimal;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Instructions on numbers of floating point. */
class PtxFloatsTest {
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
                new PtxOpcode("fma_f32", "ffff", (a, b, c) -> bits(Math.fma(real(a), real(b), real(c))), 0),
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

    private interface F2 {
        float of(float a, float b);
    }

    private interface Holds<T> {
        boolean of(T a, T b);
    }

    private static boolean none(float a, float b) {
        return Float.isNaN(a) || Float.isNaN(b);
    }

    private static PtxOpcode f(String name, F2 f) {
        return new PtxOpcode(name, "fff", (a, b, c) -> bits(f.of(real(a), real(b))));
    }

    private static PtxOpcode f1(String name, int ulps, F2 f) {
        return new PtxOpcode(name, "ff", (a, b, c) -> bits(f.of(real(a), 0)), ulps);
    }

    private static PtxOpcode to(String name, String types, PtxOpcode.Expected f) {
        return new PtxOpcode(name, types, f);
    }

    private static PtxOpcode holds(String name, Holds<Float> f) {
        return new PtxOpcode(name, "ffi", (a, b, c) -> f.of(real(a), real(b)) ? 1 : 0);
    }

    private static PtxOpcode sum(String name, int side) {
        return f(
                name,
                (a, b) -> Float.isFinite(a) && Float.isFinite(b)
                        ? PtxOpcode.directed(
                                new BigDecimal(a).add(new BigDecimal(b)),
                                a + b,
                                side,
                                side < 0 && !(bits(a) == 0 && bits(b) == 0) ? -0f : a + b)
                        : a + b);
    }

    private static PtxOpcode times(String name, int side) {
        return f(
                name,
                (a, b) -> Float.isFinite(a) && Float.isFinite(b)
                        ? PtxOpcode.directed(new BigDecimal(a).multiply(new BigDecimal(b)), a * b, side, a * b)
                        : a * b);
    }

    private static PtxOpcode fma(String name, int side) {
        return new PtxOpcode(
                name,
                "ffff",
                (x, y, z) -> {
                    float a = real(x), b = real(y), c = real(z);
                    float nearest = Math.fma(a, b, c);
                    if (!Float.isFinite(a) || !Float.isFinite(b) || !Float.isFinite(c)) {
                        return bits(nearest);
                    }
                    boolean plusZero = bits(a * b) == 0 && bits(c) == 0;
                    return bits(PtxOpcode.directed(
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
}
