package dev.fovea.backend.cpu;

import dev.fovea.backend.BackendContract;
import dev.fovea.backend.cpu.machine.Warmup;
import org.junit.jupiter.api.AfterAll;

/** The contract with the calling thread alone, in plain loops. */
class CpuBackendOneThreadTest extends BackendContract {
    private final long usual = Warmup.limit(Long.MAX_VALUE);

    CpuBackendOneThreadTest() {
        super(CpuBackend.create(new CpuBackend.Options(1, CpuBackend.GemmChoice.AUTO)));
    }

    @AfterAll
    void restore() {
        Warmup.limit(usual);
    }
}
