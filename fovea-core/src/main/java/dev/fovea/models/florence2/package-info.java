/**
 * Florence-2 (Xiao et al., 2024): one prompt-driven model for captions, detection, grounding, segmentation and text in
 * pictures. A DaViT tower, a BART encoder-decoder, and answers whose location tokens stand for boxes and polygons.
 */
@NullMarked
package dev.fovea.models.florence2;

import org.jspecify.annotations.NullMarked;
