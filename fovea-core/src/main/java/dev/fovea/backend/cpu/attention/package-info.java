/** Attention in blocks of keys, by machine code or by products of {@link dev.fovea.backend.cpu.products.TileProducts}. */
@NullMarked
package dev.fovea.backend.cpu.attention;

import org.jspecify.annotations.NullMarked;
