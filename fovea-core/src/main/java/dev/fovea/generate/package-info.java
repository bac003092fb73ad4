/** Generation: logits processors, samplers, beams, stop rules, the loop. It knows token ids and no text. */
@NullMarked
package dev.fovea.generate;

import org.jspecify.annotations.NullMarked;
