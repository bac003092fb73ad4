@NullMarked
package dev.fovea.backend.cuda.device;

import org.jspecify.annotations.NullMarked;
