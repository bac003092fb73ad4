package dev.fovea.backend.reference;

import dev.fovea.tensor.Activation;

/** Activations in float64. */
final class Functions {
    private Functions() {}

    static double activation(Activation f, double x) {
        return switch (f) {
            case RELU -> Math.max(x, 0);
            case SILU -> x / (1 + Math.exp(-x));
            case GELU -> 0.5 * x * (1 + erf(x / Math.sqrt(2)));
            case GELU_TANH -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
        };
    }

    /**
     * The error function by {@code 2 / sqrt(pi) exp(-x²) sum_n 2^n x^(2n + 1) / (2n + 1)!!} (Abramowitz and Stegun 7.1.6), whose
     * terms have one sign, so that nothing cancels.
     */
    static double erf(double x) {
        if (Math.abs(x) > 6) {
            return Math.signum(x); // 1 - 2e-17
        }
        double term = x;
        double sum = x;
        for (int n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }
}
