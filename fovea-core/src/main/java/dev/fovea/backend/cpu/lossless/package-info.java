/** Products with weights in 12 bits that stand for bfloat16: {@link dev.fovea.tensor.LosslessMatrix}. */
@NullMarked
package dev.fovea.backend.cpu.lossless;

import org.jspecify.annotations.NullMarked;
