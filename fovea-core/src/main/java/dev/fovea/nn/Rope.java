package dev.fovea.nn;

import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Tensor;

/**
 * Rotary position embedding (Su et al., 2021) for the rows of one step, in the half-split form of transformers' rotate_half.
 *
 * <p>The angle of row t and frequency j is {@code positions[axis[j]][t] * frequencies.inverse()[j]}. One axis is a text; two are
 * the row and column of a patch; three are M-RoPE's time, height and width (Qwen2-VL, 2024).
 *
 * @param cos (T, headDim / 2)
 * @param sin (T, headDim / 2)
 */
public record Rope(Tensor cos, Tensor sin) {

    /**
     * Tables for the rows of a step, in the current scope.
     *
     * @param dtype the model's, where the reference rounds cos and sin to it; FLOAT32 where it rotates in float32
     * @param frequencies one for each pair of dimensions
     * @param axis for each frequency, the axis of its position
     * @param positions int[axes][T]
     */
    public static Rope of(Backend backend, DType dtype, RopeFrequencies frequencies, int[] axis, int[][] positions) {
        int rows = positions[0].length;
        float[] inverse = frequencies.inverse();
        int half = inverse.length;
        float[] angles = new float[rows * half];
        for (int t = 0; t < rows; t++) {
            for (int j = 0; j < half; j++) {
                angles[t * half + j] = positions[axis[j]][t] * inverse[j];
            }
        }
        return ofAngles(backend, dtype, angles, half, frequencies.scaling());
    }

    /** Tables from angles (T, half), row-major. */
    public static Rope ofAngles(Backend backend, DType dtype, float[] angles, int half) {
        return ofAngles(backend, dtype, angles, half, 1);
    }

    private static Rope ofAngles(Backend backend, DType dtype, float[] angles, int half, float scaling) {
        float[] cos = new float[angles.length];
        float[] sin = new float[angles.length];
        for (int i = 0; i < angles.length; i++) {
            cos[i] = (float) Math.cos(angles[i]) * scaling;
            sin[i] = (float) Math.sin(angles[i]) * scaling;
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
