/** The exceptions of Fovea: one type for each kind of answer that a caller can give. */
@NullMarked
package dev.fovea.error;

import org.jspecify.annotations.NullMarked;
