package dev.fovea.backend.shapes;

import dev.fovea.backend.BackendContract;

/** Every operation gives the shape and dtype that the reference gives. */
class ShapeBackendTest extends BackendContract {
    ShapeBackendTest() {
        super(new ShapeBackend());
    }
}
