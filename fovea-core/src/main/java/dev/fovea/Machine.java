package dev.fovea;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.backend.cuda.device.Cuda;
import dev.fovea.io.Opening;
import java.util.List;
import java.util.Optional;

/** What this machine offers; {@link Engine} says what of it computes, and measures that. */
public final class Machine {
    private Machine() {}

    /**
     * Begins to load the libraries and to write the machine code that computing on the processor needs, on a thread of its own, and
     * returns at once: the first model of a process opens sooner. Does nothing where they are not there, or where system
     * properties choose kernels; what fails here fails again where it is needed.
     */
    public static void prepare() {
        Opening.of(CpuBackend::prepare, _ -> {});
    }

    /**
     * A GPU that the CUDA driver sees.
     *
     * @param device what {@link LoadOptions} calls it: {@code cuda:0}
     * @param name {@code NVIDIA H100 80GB HBM3}
     * @param computeCapability {@code 9.0}
     * @param multiprocessors how many
     * @param memoryBytes of its own
     * @param isUsable whether the kernels can run on it
     */
    public record Gpu(
            String device,
            String name,
            String computeCapability,
            int multiprocessors,
            long memoryBytes,
            boolean isUsable) {}

    /** The GPUs of this machine; none where there is no CUDA driver. */
    public static List<Gpu> gpus() {
        return Cuda.gpus().stream()
                .map(gpu -> new Gpu(
                        "cuda:" + gpu.ordinal(),
                        gpu.name(),
                        gpu.capabilityText(),
                        gpu.multiprocessors(),
                        gpu.totalBytes(),
                        gpu.isUsable()))
                .toList();
    }

    /**
     * Why no GPU can be used.
     *
     * @param reason one line
     * @param remedy what would help, one line
     */
    public record NoGpu(String reason, String remedy) {}

    /** Empty where a GPU can be used. */
    public static Optional<NoGpu> noGpu() {
        return Cuda.refusal().map(reason -> new NoGpu(reason, Cuda.remedy().orElseThrow()));
    }

    /**
     * A library that computing on a GPU uses.
     *
     * @param name for people
     * @param isPresent whether it is there, and fits the driver
     * @param found version and place, or why it is not there; one line
     * @param remedy what would help to have it; empty where it is there
     */
    public record GpuLibrary(String name, boolean isPresent, String found, String remedy) {}

    /** The CUDA driver, which a GPU needs; NVRTC and cuBLASLt, which are used where they are. Loads them. */
    public static List<GpuLibrary> gpuLibraries() {
        return Cuda.libraries().stream()
                .map(library -> new GpuLibrary(library.name(), library.isPresent(), library.line(), library.hint()))
                .toList();
    }
}
