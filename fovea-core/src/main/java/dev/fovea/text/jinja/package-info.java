/**
 * The part of Jinja that chat templates are written in, with the answers of Jinja 3.1 in the settings of transformers:
 * trim_blocks, lstrip_blocks, loop controls, the immutable sandbox. A template sees plain values (text, numbers, lists,
 * maps) and the functions of this package, nothing else; what stands in a value is never run.
 */
@NullMarked
package dev.fovea.text.jinja;

import org.jspecify.annotations.NullMarked;
