@NullMarked
package dev.fovea.backend.cuda.ptx;

import org.jspecify.annotations.NullMarked;
