/** From pictures to pixel values as the reference makes them: its two resamplers, rescaling, normalising. Machine code where the processor has AVX2, with the same bits. */
@NullMarked
package dev.fovea.media.transforms;

import org.jspecify.annotations.NullMarked;
