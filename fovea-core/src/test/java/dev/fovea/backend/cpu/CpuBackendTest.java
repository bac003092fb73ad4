package dev.fovea.backend.cpu;

import dev.fovea.backend.BackendContract;

/** The contract with what a user gets: oneDNN where it loads. */
class CpuBackendTest extends BackendContract {
    CpuBackendTest() {
        super(CpuBackend.create(new CpuBackend.Options(2, CpuBackend.GemmChoice.AUTO)));
    }
}
