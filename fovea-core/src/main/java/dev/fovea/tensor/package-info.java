/**
 * Tensors and the operation contract. A {@link dev.fovea.tensor.Tensor} is a shape over memory, a
 * {@link dev.fovea.tensor.Backend} computes, a {@link dev.fovea.tensor.Scope} owns what a step allocates.
 */
@NullMarked
package dev.fovea.tensor;

import org.jspecify.annotations.NullMarked;
