/**
 * The operations on the processor at hand: machine code and Vector API kernels that work on rows of float32 scratch, a pool of
 * threads, and matrix products by machine code, oneDNN or Java behind {@link dev.fovea.backend.cpu.products.Gemm}.
 */
@NullMarked
package dev.fovea.backend.cpu;

import org.jspecify.annotations.NullMarked;
