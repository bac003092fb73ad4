package dev.fovea.app.cli;

import dev.fovea.LoadOptions;
import dev.fovea.error.Warnings;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** How a model is opened. */
final class EngineOptions {
    @Option(
            names = "--device",
            paramLabel = "NAME",
            description = "auto, cpu, cuda, cuda:N, or several with commas, which share the model (default:"
                    + " ${DEFAULT-VALUE}).")
    String device = "auto";

    @Option(
            names = "--dtype",
            paramLabel = "NAME",
            description = "auto (the checkpoint's own), float32, bfloat16 or float16 (default: ${DEFAULT-VALUE}).")
    String dtype = "auto";

    @Option(names = "--threads", paramLabel = "N", description = "Threads that compute (default: one per processor).")
    int threads;

    @Option(
            names = "--quantize",
            paramLabel = "BITS",
            description =
                    "Weights in fewer bits: lossless (bfloat16 in 12), int8, int4 or none (default: ${DEFAULT-VALUE});"
                            + " int4,head=int4,tower=int8 says more.")
    String quantize = "none";

    /** With another default of {@code --quantize}. */
    static EngineOptions quantised(String bits) {
        EngineOptions options = new EngineOptions();
        options.quantize = bits;
        return options;
    }

    /** Whether the language model's weights lose nothing. */
    boolean isLossless() {
        return quantize.startsWith("lossless");
    }

    /** The options that say how a model answers, as far as they are not what they are by default. */
    List<String> forAnswers() {
        EngineOptions usual = new EngineOptions();
        List<String> given = new ArrayList<>();
        if (!device.equals(usual.device)) {
            given.add("--device");
        }
        if (!dtype.equals(usual.dtype)) {
            given.add("--dtype");
        }
        if (threads != usual.threads) {
            given.add("--threads");
        }
        return given;
    }

    /** Threads that compute on the processor. */
    int threadCount() {
        return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    }

    /** @throws dev.fovea.error.OptionException for an unknown device or dtype, or a wrong number of threads */
    void check() {
        loadOptions(Warnings.none());
    }

    /** With warnings as notes, and with a line that shows how far weights are quantised, or have gone to GPUs. */
    LoadOptions loadOptions(StatusLine status) {
        return loadOptions(status.warnings())
                .withQuantizeListener(
                        share -> status.showShare(isLossless() ? "Packing, once" : "Quantising, once", share))
                .withUploadListener(share -> status.showShare("Loading", share));
    }

    /** @param warnings where is said what is odd about the model but no error */
    LoadOptions loadOptions(Warnings warnings) {
        return LoadOptions.DEFAULT
                .withDevice(device)
                .withDtype(dtype)
                .withThreads(threads)
                .withQuantize(quantize)
                .withWarnings(warnings);
    }
}
