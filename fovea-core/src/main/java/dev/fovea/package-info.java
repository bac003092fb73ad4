/**
 * The public API, in the words of transformers: {@link dev.fovea.Pipeline}, {@link dev.fovea.AutoProcessor}, {@link
 * dev.fovea.AutoModelForImageTextToText}, chat messages, generate, decode.
 */
@NullMarked
package dev.fovea;

import org.jspecify.annotations.NullMarked;
