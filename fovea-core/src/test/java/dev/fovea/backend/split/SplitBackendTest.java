package dev.fovea.backend.split;

import dev.fovea.backend.BackendContract;
import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.tensor.Backend;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** The contract where operands lie now with the one, now with the other of two backends. */
class SplitBackendTest extends BackendContract {
    SplitBackendTest() {
        super(alternating(List.of(cpu(), cpu())));
    }

    private static Backend cpu() {
        return CpuBackend.create(new CpuBackend.Options(2, CpuBackend.GemmChoice.JAVA));
    }

    private static SplitBackend alternating(List<Backend> homes) {
        AtomicInteger next = new AtomicInteger();
        return new SplitBackend(homes, _ -> homes.get(next.getAndIncrement() % homes.size()));
    }
}
