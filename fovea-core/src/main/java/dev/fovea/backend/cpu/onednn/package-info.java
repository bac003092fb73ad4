/** Matrix products of many rows by oneDNN. */
@NullMarked
package dev.fovea.backend.cpu.onednn;

import org.jspecify.annotations.NullMarked;
