/**
 * Gemma 3 (Gemma Team, 2025): a SigLIP tower for pictures of one size, pooled to a few rows each, and a decoder whose layers
 * mostly look back a short way; also the decoder alone, for the text-only models.
 */
@NullMarked
package dev.fovea.models.gemma3;

import org.jspecify.annotations.NullMarked;
