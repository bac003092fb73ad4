/**
 * What the model families share: the inputs that processors make, the processors' and models' interfaces, and the decoding of
 * decoder-only models. Each family has a package of its own below this one.
 */
@NullMarked
package dev.fovea.models;

import org.jspecify.annotations.NullMarked;
