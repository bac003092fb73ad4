/**
 * The operation contract on an NVIDIA GPU, by {@code java.lang.foreign} alone. {@code CudaBackend} chooses kernels and lays out
 * their arguments; a {@code Device} holds memory and runs them: {@code CudaDevice} by the driver, {@code PtxDevice} by
 * interpreting what the compiler made of them, so that all of it is tested where there is no GPU. The kernels' sources are
 * resources of this package.
 */
@NullMarked
package dev.fovea.backend.cuda;

import org.jspecify.annotations.NullMarked;
