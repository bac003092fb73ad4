/** Qwen3 (Yang et al., 2025) by itself: text-only directories. */
@NullMarked
package dev.fovea.models.qwen3;

import org.jspecify.annotations.NullMarked;
