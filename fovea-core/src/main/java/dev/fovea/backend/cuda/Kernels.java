package dev.fovea.backend.cuda;

import java.util.List;

/** All kernels there are, by module: what {@code scripts/kernels} compiles, and what tests compile for every architecture. */
final class Kernels {
    private Kernels() {}

    /** Each once. A module that is not among them is in no archive. */
    static List<Kernel.Module> modules() {
        return List.of();
    }
}
