/**
 * The operation contract as tests: {@link dev.fovea.backend.BackendContract} holds every backend against the reference, with
 * bounds that follow from the arithmetic.
 */
@NullMarked
package dev.fovea.backend;

import org.jspecify.annotations.NullMarked;
