/** Products with quantised weights: few rows where the codes lie, many rows with weights widened a block at a time. */
@NullMarked
package dev.fovea.backend.cpu.codes;

import org.jspecify.annotations.NullMarked;
