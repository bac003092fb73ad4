/**
 * LLaVA-OneVision-1.5 (An et al., 2025): the RICE vision transformer over pictures of any size, with a class row for each, and a
 * Qwen3 decoder.
 */
@NullMarked
package dev.fovea.models.llava_onevision1_5;

import org.jspecify.annotations.NullMarked;
