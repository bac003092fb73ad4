package dev.fovea.backend.cpu.rows;

import static dev.fovea.backend.cpu.machine.Warmup.Scratch.N;

import dev.fovea.backend.cpu.machine.Warmup;
import dev.fovea.tensor.Activation;

/**
 * Functions of the first n values of arrays, which are padded to whole vectors; in place, if nothing else is said. What lies
 * behind the values may be overwritten.
 */
public final class RowMath {
    private static final int[] STARTS = {0, 0, 0, 0};

    private static final Warmup EXP = new Warmup(s -> exp(s.row(), N));
    private static final Warmup RELU = new Warmup(s -> relu(s.row(), N));
    private static final Warmup SILU = new Warmup(s -> silu(s.row(), N));
    private static final Warmup GELU = new Warmup(s -> gelu(s.row(), N));
    private static final Warmup GELU_TANH = new Warmup(s -> geluTanh(s.row(), N));
    private static final Warmup PRODUCTS =
            new Warmup(s -> addProducts(s.row(), s.other(), STARTS, s.other(), STARTS, STARTS.length, N));
    private static final Warmup ADD = new Warmup(s -> add(s.row(), s.other(), N));
    private static final Warmup MUL = new Warmup(s -> mul(s.row(), s.other(), N));
    private static final Warmup SCALE = new Warmup(s -> scale(s.row(), 1, N));
    private static final Warmup NORMALISE = new Warmup(s -> normalise(s.row(), 0, 1, N));
    private static final Warmup SUM = new Warmup(s -> sum(s.row(), N));
    private static final Warmup SQUARES = new Warmup(s -> sumOfSquares(s.row(), 0, N));

    private RowMath() {}

    public static void activate(Activation f, float[] a, int n) {
        switch (f) {
            case RELU -> relu(a, n);
            case SILU -> silu(a, n);
            case GELU -> gelu(a, n);
            case GELU_TANH -> geluTanh(a, n);
        }
    }

    private static void relu(float[] a, int n) {
        if (RELU.plain(n)) {
            PlainMath.relu(a, n);
        } else {
            VectorMath.relu(a, n);
        }
    }

    public static void exp(float[] a, int n) {
        if (EXP.plain(n)) {
            PlainMath.exp(a, n);
        } else {
            VectorMath.exp(a, n);
        }
    }

    private static void silu(float[] a, int n) {
        if (SILU.plain(n)) {
            PlainMath.silu(a, n);
        } else {
            VectorMath.silu(a, n);
        }
    }

    private static void gelu(float[] a, int n) {
        if (GELU.plain(n)) {
            PlainMath.gelu(a, n);
        } else {
            VectorMath.gelu(a, n);
        }
    }

    private static void geluTanh(float[] a, int n) {
        if (GELU_TANH.plain(n)) {
            PlainMath.geluTanh(a, n);
        } else {
            VectorMath.geluTanh(a, n);
        }
    }

    /** {@code a += b[bAt[j]…] c[cAt[j]…]} for all j below terms. */
    public static void addProducts(float[] a, float[] b, int[] bAt, float[] c, int[] cAt, int terms, int n) {
        if (PRODUCTS.plain(terms * n / Lanes.COUNT)) {
            PlainMath.addProducts(a, b, bAt, c, cAt, terms, n);
        } else {
            VectorMath.addProducts(a, b, bAt, c, cAt, terms, n);
        }
    }

    public static void add(float[] a, float[] b, int n) {
        if (ADD.plain(n)) {
            PlainMath.add(a, b, n);
        } else {
            VectorMath.add(a, b, n);
        }
    }

    public static void mul(float[] a, float[] b, int n) {
        if (MUL.plain(n)) {
            PlainMath.mul(a, b, n);
        } else {
            VectorMath.mul(a, b, n);
        }
    }

    public static void scale(float[] a, float factor, int n) {
        if (SCALE.plain(n)) {
            PlainMath.scale(a, factor, n);
        } else {
            VectorMath.scale(a, factor, n);
        }
    }

    /** {@code a = (a - shift) scale}. */
    static void normalise(float[] a, float shift, float scale, int n) {
        if (NORMALISE.plain(n)) {
            PlainMath.normalise(a, shift, scale, n);
        } else {
            VectorMath.normalise(a, shift, scale, n);
        }
    }

    /** The padding must be zeros. */
    static float sum(float[] a, int n) {
        return SUM.plain(n) ? PlainMath.sum(a, n) : VectorMath.sum(a, n);
    }

    /** Sum of {@code (a - shift)²}. */
    static float sumOfSquares(float[] a, float shift, int n) {
        return SQUARES.plain(n) ? PlainMath.sumOfSquares(a, shift, n) : VectorMath.sumOfSquares(a, shift, n);
    }
}
