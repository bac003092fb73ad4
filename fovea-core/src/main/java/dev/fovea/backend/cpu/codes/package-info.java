/** Products with quantised weights: few rows, and of 4 bits many, where the codes lie; other rows with weights widened a block at a time. */
@NullMarked
package dev.fovea.backend.cpu.codes;

import org.jspecify.annotations.NullMarked;
