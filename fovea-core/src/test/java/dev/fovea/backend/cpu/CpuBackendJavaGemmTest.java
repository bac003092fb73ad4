package dev.fovea.backend.cpu;

import dev.fovea.backend.BackendContract;

/** The contract with matrices multiplied in Java. */
class CpuBackendJavaGemmTest extends BackendContract {
    CpuBackendJavaGemmTest() {
        super(CpuBackend.create(new CpuBackend.Options(2, CpuBackend.GemmChoice.JAVA)));
    }
}
