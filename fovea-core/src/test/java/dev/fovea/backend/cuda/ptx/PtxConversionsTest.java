package dev.fovea.backend.cuda.ptx;

import static dev.fovea.backend.cuda.ptx.PtxOpcode.bits;
import static dev.fovea.backend.cuda.ptx.PtxOpcode.real;
import static dev.fovea.backend.cuda.ptx.PtxOpcode.unsigned;

import java.math.BigDecimal;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Instructions that bring a number to another type. */
class PtxConversionsTest {
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
                to("f32_s32_rz", "if", (a, b, c) -> bits(PtxOpcode.directed(new BigDecimal((int) a), (int) a, 0, 0f))),
                to("f32_s64", "lf", (a, b, c) -> bits(new BigDecimal(a).floatValue())),
                to("f32_u64", "lf", (a, b, c) -> bits(new BigDecimal(unsigned(a)).floatValue())),
                to("f64_f32", "fd", (a, b, c) -> bits((double) real(a))),
                to("f32_f64", "df", (a, b, c) -> bits((float) Double.longBitsToDouble(a))),
                to("f32_f64_rz", "df", (a, b, c) -> {
                    double x = Double.longBitsToDouble(a);
                    return bits(
                            Double.isInfinite(x) || Double.isNaN(x)
                                    ? (float) x
                                    : PtxOpcode.directed(new BigDecimal(x), (float) x, 0, (float) x));
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
                to("u8_s32_sat", "ii", (a, b, c) -> Math.clamp((long) (int) a, 0, 255)));
    }

    private static PtxOpcode to(String name, String types, PtxOpcode.Expected f) {
        return new PtxOpcode(name, types, f);
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
}
