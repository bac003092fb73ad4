package dev.fovea.backend.cpu.rows;

import dev.fovea.ffi.x86.Assembler;
import dev.fovea.tensor.Activation;

/** exp and the activations of {@link PlainMath} in machine code, operation by operation and so with its bits. */
final class FunctionCode {
    private static final int SHIFTED = 0;
    private static final int REST = 1;
    private static final int SQUARE = 2;
    private static final int RESULT = 3;
    private static final int ARGUMENT = 4;
    private static final int NEAR = 5;
    private static final int MAGNITUDE = 6;
    private static final int T = 7;

    private final Assembler a;
    private final int bits;
    private final int scratch;

    /** @param scratch the first of eight registers that are lost */
    FunctionCode(Assembler a, int bits, int scratch) {
        this.a = a;
        this.bits = bits;
        this.scratch = scratch;
    }

    /** {@code x = f(x)}. */
    void activate(Activation f, int x) {
        switch (f) {
            case RELU -> relu(x);
            case SILU -> silu(x);
            case GELU -> gelu(x);
            case GELU_TANH -> geluTanh(x);
        }
    }

    private int register(int use) {
        return scratch + use;
    }

    private void multiply(int to, int x, float by) {
        a.vmulps(to, x, LaneConstants.of(by));
    }

    /** The greater of the two may be the one that is no number; the sum makes a zero positive. */
    private void relu(int x) {
        int zero = register(RESULT);
        a.vxorps(zero);
        a.vmaxps(x, zero, x);
        a.vaddps(bits, x, x, zero);
    }

    private void silu(int x) {
        multiply(register(ARGUMENT), x, -1);
        divideByOneMoreThanExp(x);
    }

    private void geluTanh(int x) {
        int cubic = register(ARGUMENT);
        a.vmulps(cubic, x, x);
        multiply(cubic, cubic, PlainMath.GELU_CUBIC);
        a.vfmadd213ps(cubic, x, x);
        multiply(cubic, cubic, -PlainMath.TWO_SQRT_2_OVER_PI);
        divideByOneMoreThanExp(x);
    }

    /** {@code x / (exp(argument) + 1)}. */
    private void divideByOneMoreThanExp(int x) {
        int bound = register(RESULT);
        a.vmovups(bound, LaneConstants.of(PlainMath.EXP_MAX));
        a.vminps(register(ARGUMENT), bound, register(ARGUMENT));
        exp(false);
        a.vaddps(register(RESULT), register(RESULT), LaneConstants.of(1));
        a.vdivps(x, x, register(RESULT));
    }

    private void gelu(int x) {
        int magnitude = register(MAGNITUDE);
        int t = register(T);
        int erf = register(NEAR);
        a.vpandd(magnitude, x, LaneConstants.ofBits(0x7fffffff));
        multiply(t, magnitude, PlainMath.SQRT_HALF);
        near(t);
        far(t);
        LaneCode.moveWhereAtLeast(a, bits, erf, register(RESULT), t, LaneConstants.of(1), register(SHIFTED));
        a.vfmadd213ps(erf, magnitude, x);
        multiply(x, erf, 0.5f);
    }

    /** {@code near = t + t P(t²)}: erf below 1. */
    private void near(int t) {
        int near = register(NEAR);
        int square = register(SQUARE);
        a.vmulps(square, t, t);
        polynomial(
                near,
                square,
                PlainMath.NEAR_6,
                PlainMath.NEAR_5,
                PlainMath.NEAR_4,
                PlainMath.NEAR_3,
                PlainMath.NEAR_2,
                PlainMath.NEAR_1,
                PlainMath.NEAR_0);
        a.vfmadd213ps(near, t, t);
    }

    /** {@code result = 1 - exp(P(t))}: erf from 1 on. */
    private void far(int t) {
        int end = register(REST);
        a.vmovups(end, LaneConstants.of(PlainMath.FAR_END));
        a.vminps(end, end, t);
        polynomial(
                register(ARGUMENT),
                end,
                PlainMath.FAR_6,
                PlainMath.FAR_5,
                PlainMath.FAR_4,
                PlainMath.FAR_3,
                PlainMath.FAR_2,
                PlainMath.FAR_1,
                PlainMath.FAR_0);
        exp(false);
        a.vmovups(register(SHIFTED), LaneConstants.of(1));
        a.vsubps(register(RESULT), register(SHIFTED), register(RESULT));
    }

    /** {@code x = exp(x)} of x up to 88. */
    void expUpTo88(int x) {
        a.vmovaps(register(ARGUMENT), x);
        exp(true);
        a.vmovaps(x, register(RESULT));
    }

    /**
     * {@code result = exp(argument)} of an argument up to 88.
     *
     * @param keepsNan else it may be a number where the argument is none, as adding to the bits makes numbers of some; activations are
     *     none there by their other operands
     */
    private void exp(boolean keepsNan) {
        int x = register(ARGUMENT);
        int shifted = register(SHIFTED);
        int r = register(REST);
        int square = register(SQUARE);
        int result = register(RESULT);
        a.vmovups(shifted, LaneConstants.of(PlainMath.TO_INTEGER));
        a.vfmadd231ps(shifted, x, LaneConstants.of(PlainMath.LOG2_E));
        a.vsubps(result, shifted, LaneConstants.of(PlainMath.TO_INTEGER));
        a.vmovaps(r, x);
        a.vfmadd231ps(r, result, LaneConstants.of(-PlainMath.LN2_HIGH));
        a.vfmadd231ps(r, result, LaneConstants.of(-PlainMath.LN2_LOW));
        polynomial(result, r, PlainMath.EXP_6, PlainMath.EXP_5, PlainMath.EXP_4, PlainMath.EXP_3, PlainMath.EXP_2);
        a.vmulps(square, r, r);
        a.vfmadd213ps(result, square, r);
        a.vaddps(result, result, LaneConstants.of(1));
        a.vpslld(shifted, shifted, 23);
        a.vpaddd(result, result, shifted);
        if (keepsNan) {
            a.vfmadd231ps(result, r, LaneConstants.of(0));
        }
        LaneCode.zeroWhereLess(a, bits, result, x, LaneConstants.of(PlainMath.EXP_MIN), shifted);
    }

    /** {@code to = c[0]; to = to x + c[1]; …}. */
    private void polynomial(int to, int x, float... coefficients) {
        a.vmovups(to, LaneConstants.of(coefficients[1]));
        a.vfmadd231ps(to, x, LaneConstants.of(coefficients[0]));
        for (int i = 2; i < coefficients.length; i++) {
            a.vfmadd213ps(to, x, LaneConstants.of(coefficients[i]));
        }
    }
}
