/**
 * What runs kernels: the {@code Device} that the rest is written against, and a GPU as one, by the driver, NVRTC and cuBLASLt.
 * Libraries are looked for where users have them, and kernels are compiled for the card at hand and kept.
 */
@NullMarked
package dev.fovea.backend.cuda.device;

import org.jspecify.annotations.NullMarked;
