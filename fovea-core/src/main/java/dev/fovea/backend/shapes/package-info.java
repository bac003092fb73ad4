/**
 * A backend that follows shapes and dtypes through a model without memory or arithmetic: a forward pass at published sizes is
 * checked in milliseconds.
 */
@NullMarked
package dev.fovea.backend.shapes;

import org.jspecify.annotations.NullMarked;
