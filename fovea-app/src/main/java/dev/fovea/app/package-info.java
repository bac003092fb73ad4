/** The {@code fovea} program: its entry point and its version. */
@NullMarked
package dev.fovea.app;

import org.jspecify.annotations.NullMarked;
