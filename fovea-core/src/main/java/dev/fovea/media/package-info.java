/** Pictures and clips: decoding, orientation, colour, the two resamplers of the reference. The only package that sees ImageIO. */
@NullMarked
package dev.fovea.media;

import org.jspecify.annotations.NullMarked;
