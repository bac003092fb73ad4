/**
 * The operation contract in plain loops: what each operation means, one element at a time. Slow, general and short; the other
 * backends are tested against it.
 */
@NullMarked
package dev.fovea.backend.reference;

import org.jspecify.annotations.NullMarked;
