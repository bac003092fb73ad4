/**
 * Matrix products of our own, by vectors and by machine code, behind {@link dev.fovea.backend.cpu.products.Gemm} for many rows
 * and {@link dev.fovea.backend.cpu.products.Gemv} for few; and what is made of them, as convolutions.
 */
@NullMarked
package dev.fovea.backend.cpu.products;

import org.jspecify.annotations.NullMarked;
