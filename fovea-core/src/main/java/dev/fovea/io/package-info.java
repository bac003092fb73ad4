/** Files: JSON, checkpoints, model directories. The only package that sees the JSON library. */
@NullMarked
package dev.fovea.io;

import org.jspecify.annotations.NullMarked;
