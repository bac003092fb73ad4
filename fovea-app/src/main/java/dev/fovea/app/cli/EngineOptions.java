package dev.fovea.app.cli;

import dev.fovea.LoadOptions;
import picocli.CommandLine.Option;

/** How a model is opened. */
final class EngineOptions {
    @Option(names = "--device", paramLabel = "NAME", description = "cpu or auto (default: ${DEFAULT-VALUE}).")
    String device = "auto";

    @Option(
            names = "--dtype",
            paramLabel = "NAME",
            description = "auto (the checkpoint's own), float32, bfloat16 or float16 (default: ${DEFAULT-VALUE}).")
    String dtype = "auto";

    @Option(names = "--threads", paramLabel = "N", description = "Threads that compute (default: one per processor).")
    int threads;

    LoadOptions loadOptions() {
        return LoadOptions.DEFAULT.withDevice(device).withDtype(dtype).withThreads(threads);
    }
}
