package dev.fovea;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.tensor.Backend;

/** The backend that options ask for. */
final class Backends {
    private Backends() {}

    static Backend of(LoadOptions options) {
        int threads = options.threads() == 0 ? Runtime.getRuntime().availableProcessors() : options.threads();
        return switch (options.device()) {
            case "reference" -> new ReferenceBackend();
            case "cpu:java" -> CpuBackend.create(new CpuBackend.Options(threads, CpuBackend.GemmChoice.JAVA));
            default -> CpuBackend.create(new CpuBackend.Options(threads, CpuBackend.GemmChoice.AUTO));
        };
    }
}
