package dev.fovea.backend.cpu;

import dev.fovea.tensor.Activation;

/**
 * Functions of rows in arrays, in place, and of what lies between a row's end and the next whole vector too, where that is
 * easier. What C2 makes vectors of by itself is a plain loop; the others begin as one ({@link Warmup}).
 */
final class RowMath {
    private static final Warmup EXP = new Warmup();
    private static final Warmup SILU = new Warmup();
    private static final Warmup GELU = new Warmup();
    private static final Warmup GELU_TANH = new Warmup();
    private static final Warmup SOFTMAX = new Warmup();
    private static final Warmup PRODUCTS = new Warmup();
    private static final Warmup SUM = new Warmup();
    private static final Warmup SQUARES = new Warmup();

    private RowMath() {}

    // ----------------------------------------------------------------------------------------------- plain loops

    static void add(float[] a, float[] b, int n) {
        for (int i = 0; i < n; i++) {
            a[i] += b[i];
        }
    }

    static void mul(float[] a, float[] b, int n) {
        for (int i = 0; i < n; i++) {
            a[i] *= b[i];
        }
    }

    static void scale(float[] a, float factor, int n) {
        for (int i = 0; i < n; i++) {
            a[i] *= factor;
        }
    }

    /** {@code a = (a - shift) scale}. */
    static void normalise(float[] a, float shift, float scale, int n) {
        for (int i = 0; i < n; i++) {
            a[i] = (a[i] - shift) * scale;
        }
    }

    private static void relu(float[] a, int n) {
        for (int i = 0; i < n; i++) {
            a[i] = Math.max(a[i], 0);
        }
    }

    // ------------------------------------------------------------------------------------------ plain, then vectors

    /** f of the first n values. */
    static void activate(Activation f, float[] a, int n) {
        switch (f) {
            case RELU -> relu(a, n);
            case SILU -> silu(a, n);
            case GELU -> gelu(a, n);
            case GELU_TANH -> geluTanh(a, n);
        }
    }

    static void exp(float[] a, int n) {
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

    /** Softmax of the first n values; what lies between n and the next whole vector is overwritten. */
    static void softmax(float[] a, int n) {
        if (SOFTMAX.plain(n)) {
            PlainMath.softmax(a, n);
        } else {
            VectorMath.softmax(a, n);
        }
    }

    /** {@code a += b[bAt[j]…] c[cAt[j]…]} for all j below terms. */
    static void addProducts(float[] a, float[] b, int[] bAt, float[] c, int[] cAt, int terms, int n) {
        if (PRODUCTS.plain(terms * n)) {
            PlainMath.addProducts(a, b, bAt, c, cAt, terms, n);
        } else {
            VectorMath.addProducts(a, b, bAt, c, cAt, terms, n);
        }
    }

    /** Sum of the first n values; the padding must be zeros. */
    static float sum(float[] a, int n) {
        return SUM.plain(n) ? PlainMath.sum(a, n) : VectorMath.sum(a, n);
    }

    /** Sum of {@code (a - shift)²} over the first n values. */
    static float sumOfSquares(float[] a, float shift, int n) {
        return SQUARES.plain(n) ? PlainMath.sumOfSquares(a, shift, n) : VectorMath.sumOfSquares(a, shift, n);
    }
}
