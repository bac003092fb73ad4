/**
 * The operations on the processor at hand: Vector API kernels that work on rows of float32 scratch, a pool of threads, and
 * matrix products by oneDNN or by Java behind {@link dev.fovea.backend.cpu.products.Gemm}.
 */
@NullMarked
package dev.fovea.backend.cpu;

import org.jspecify.annotations.NullMarked;
