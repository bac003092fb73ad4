/**
 * The layers that models are made of: a weight or two, and a forward method. Each loads itself from a
 * {@link dev.fovea.io.Weights} cursor with the shapes it expects.
 */
@NullMarked
package dev.fovea.nn;

import org.jspecify.annotations.NullMarked;
