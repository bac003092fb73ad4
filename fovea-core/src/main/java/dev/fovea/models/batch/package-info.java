/** Requests of many callers, decoded together: each gets the answer that it would get alone. */
@NullMarked
package dev.fovea.models.batch;

import org.jspecify.annotations.NullMarked;
