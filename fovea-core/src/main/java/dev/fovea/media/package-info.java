/** Pictures and clips: where they come from, decoding, orientation, colour. The only package that sees ImageIO. */
@NullMarked
package dev.fovea.media;

import org.jspecify.annotations.NullMarked;
