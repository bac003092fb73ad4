/**
 * The commands of {@code fovea}: each turns its arguments into calls of the public API, and answers into text or JSON. stdout
 * holds answers alone; all else goes to stderr.
 */
@NullMarked
package dev.fovea.app.cli;

import org.jspecify.annotations.NullMarked;
