/**
 * How fast the kernels are: JMH benchmarks, and {@link dev.fovea.bench.Kernels}, which sets each kernel against the memory
 * and the arithmetic of the machine in the same minute.
 */
@NullMarked
package dev.fovea.bench;

import org.jspecify.annotations.NullMarked;
