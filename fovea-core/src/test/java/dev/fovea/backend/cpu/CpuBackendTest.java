package dev.fovea.backend.cpu;

import dev.fovea.backend.BackendContract;
import dev.fovea.backend.cpu.machine.Warmup;
import org.junit.jupiter.api.AfterAll;

/** The contract with what a user gets, oneDNN where it loads, by vector loops from the start. */
class CpuBackendTest extends BackendContract {
    private final long usual = Warmup.limit(0);

    CpuBackendTest() {
        super(CpuBackend.create(new CpuBackend.Options(2, CpuBackend.GemmChoice.AUTO)));
    }

    @AfterAll
    void restore() {
        Warmup.limit(usual);
    }
}
