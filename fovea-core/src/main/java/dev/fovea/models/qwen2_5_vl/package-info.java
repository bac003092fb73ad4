/**
 * Qwen2.5-VL (Bai et al., 2025): a vision transformer with windowed attention over pictures of any size, and a Qwen2 decoder
 * with three-axis positions.
 */
@NullMarked
package dev.fovea.models.qwen2_5_vl;

import org.jspecify.annotations.NullMarked;
