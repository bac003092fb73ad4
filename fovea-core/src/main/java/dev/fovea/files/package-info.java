/** Files that are read and written: bounded, and whole or not at all. */
@NullMarked
package dev.fovea.files;

import org.jspecify.annotations.NullMarked;
