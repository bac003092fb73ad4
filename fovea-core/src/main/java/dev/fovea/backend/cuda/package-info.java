/**
 * The operation contract on an NVIDIA GPU, by {@code java.lang.foreign} alone. {@code CudaBackend} chooses kernels and lays out
 * their arguments, and what a step has launched is recorded, fused and replayed. A {@code device.Device} holds memory and runs
 * them: {@code device.CudaDevice} by the driver, {@code ptx.PtxDevice} by interpreting what the compiler made of them, so that
 * all of it is tested where there is no GPU. The kernels' sources are resources of this package.
 */
@NullMarked
package dev.fovea.backend.cuda;

import org.jspecify.annotations.NullMarked;
