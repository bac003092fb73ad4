package dev.fovea.backend.cpu;

import dev.fovea.backend.BackendContract;
import dev.fovea.backend.cpu.machine.Warmup;
import org.junit.jupiter.api.AfterAll;

/** The contract with matrices multiplied in Java, by vector loops from the start. */
class CpuBackendJavaGemmTest extends BackendContract {
    private final long usual = Warmup.limit(0);

    CpuBackendJavaGemmTest() {
        super(CpuBackend.create(new CpuBackend.Options(2, CpuBackend.GemmChoice.JAVA)));
    }

    @AfterAll
    void restore() {
        Warmup.limit(usual);
    }
}
