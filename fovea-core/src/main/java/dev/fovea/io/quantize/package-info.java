/** Weights of 16 and 32 bits into codes of 8 and 4, and files of them. */
@NullMarked
package dev.fovea.io.quantize;

import org.jspecify.annotations.NullMarked;
