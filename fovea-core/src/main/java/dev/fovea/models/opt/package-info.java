/** OPT by itself: a language model without pictures. The decoder is {@link OptDecoder}. */
@NullMarked
package dev.fovea.models.opt;

import org.jspecify.annotations.NullMarked;
