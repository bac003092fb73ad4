package dev.fovea.nn;

import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Tensor;

/**
 * Rotary position embedding (Su et al., 2021) for the rows of one step, in the half-split form of transformers' rotate_half.
 *
 * <p>The angle of row t and frequency j is {@code positions[axis[j]][t] * inverseFrequencies[j]}. One axis is a text; two are
 * the row and column of a patch; three are M-RoPE's time, height and width (Qwen2-VL, 2024).
 *
 * @param cos (T, headDim / 2)
 * @param sin (T, headDim / 2)
 */
public record Rope(Tensor cos, Tensor sin) {

    /** {@code theta^(-2j / dim)} for j in 0..dim/2, in float32 as torch computes it. */
    public static float[] inverseFrequencies(double theta, int dim) {
        float[] inverse = new float[dim / 2];
        for (int j = 0; j < inverse.length; j++) {
            float exponent = (float) (2 * j) / dim;
            inverse[j] = 1.0f / (float) Math.pow(theta, exponent);
        }
        return inverse;
    }

    /**
     * Tables for the rows of a step, in the current scope.
     *
     * @param dtype the model's, where the reference rounds cos and sin to it; FLOAT32 where it rotates in float32
     * @param inverseFrequencies one for each pair of dimensions
     * @param axis for each frequency, the axis of its position
     * @param positions int[axes][T]
     */
    public static Rope of(Backend backend, DType dtype, float[] inverseFrequencies, int[] axis, int[][] positions) {
        int rows = positions[0].length;
        int half = inverseFrequencies.length;
        float[] angles = new float[rows * half];
        for (int t = 0; t < rows; t++) {
            for (int j = 0; j < half; j++) {
                angles[t * half + j] = positions[axis[j]][t] * inverseFrequencies[j];
            }
        }
        return ofAngles(backend, dtype, angles, half);
    }

    /** Tables from angles (T, half), row-major. */
    public static Rope ofAngles(Backend backend, DType dtype, float[] angles, int half) {
        float[] cos = new float[angles.length];
        float[] sin = new float[angles.length];
        for (int i = 0; i < angles.length; i++) {
            cos[i] = (float) Math.cos(angles[i]);
            sin[i] = (float) Math.sin(angles[i]);
        }
        int rows = angles.length / half;
        return new Rope(
                Tensor.of(backend, cos, rows, half).to(dtype),
                Tensor.of(backend, sin, rows, half).to(dtype));
    }

    /** (T, H, headDim), rotated. */
    public Tensor forward(Tensor x) {
        return x.backend().rope(x, cos, sin);
    }
}
