package dev.fovea.backend.cpu;

import dev.fovea.backend.BackendContract;

/** The contract with the calling thread alone. */
class CpuBackendOneThreadTest extends BackendContract {
    CpuBackendOneThreadTest() {
        super(CpuBackend.create(new CpuBackend.Options(1, CpuBackend.GemmChoice.AUTO)));
    }
}
