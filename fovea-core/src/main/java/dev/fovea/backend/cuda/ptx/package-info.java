/**
 * An interpreter of PTX, as far as the kernels need it: a {@code Device} without a GPU. A launch runs block by block, a block
 * warp by warp, an instruction for all lanes of a warp at once. Too slow for anything but tests, and stricter than a GPU.
 */
@NullMarked
package dev.fovea.backend.cuda.ptx;

import org.jspecify.annotations.NullMarked;
