/**
 * Values of three dtypes as rows of float32 scratch, and what is computed value by value or along a row: plain loops and
 * vectors with the same bits.
 */
@NullMarked
package dev.fovea.backend.cpu.rows;

import org.jspecify.annotations.NullMarked;
