@NullMarked
package dev.fovea.backend.cuda;

import org.jspecify.annotations.NullMarked;
