/**
 * What kernels stand on: the kind of processor, threads that share work, memory that is used again, and the choice between
 * plain loops and vectors while a JVM is cold.
 */
@NullMarked
package dev.fovea.backend.cpu.machine;

import org.jspecify.annotations.NullMarked;
