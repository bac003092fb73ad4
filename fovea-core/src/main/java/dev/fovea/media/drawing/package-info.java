/** Boxes, polygons and their labels, drawn on pictures. */
@NullMarked
package dev.fovea.media.drawing;

import org.jspecify.annotations.NullMarked;
