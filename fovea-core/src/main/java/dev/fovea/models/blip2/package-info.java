/**
 * BLIP-2 with an OPT decoder: an EVA vision transformer, a Q-Former that turns its rows into a few vectors, and OPT,
 * which reads them in front of a text.
 */
@NullMarked
package dev.fovea.models.blip2;

import org.jspecify.annotations.NullMarked;
