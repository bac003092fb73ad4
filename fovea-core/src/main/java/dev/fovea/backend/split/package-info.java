/** One backend made of several, each with a part of a model's layers: transformers' {@code device_map}. */
@NullMarked
package dev.fovea.backend.split;

import org.jspecify.annotations.NullMarked;
