package dev.fovea.backend.cuda.device;

import dev.fovea.tensor.DType;

/**
 * A product of matrices, {@code x wᵀ + bias}: all four of one dtype, sums in float32, the result rounded once.
 *
 * @param dtype FLOAT32, BFLOAT16 or FLOAT16
 * @param rows of x, (T, K), and of the result, (T, N), which is densely packed
 * @param width K
 * @param outputs N
 * @param rowStride of x, in elements
 * @param transposed whether w is the transposed view of a densely packed (K, N) and not a densely packed (N, K)
 * @param biased whether there is a bias (N)
 */
public record Product(
        DType dtype, int rows, int width, int outputs, long rowStride, boolean transposed, boolean biased) {}
