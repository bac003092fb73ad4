package dev.fovea;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.backend.cpu.machine.MemoryStream;
import dev.fovea.backend.cuda.CudaBackend;
import dev.fovea.backend.cuda.device.Cuda;
import dev.fovea.io.Opening;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** What this machine offers, described and measured. Measuring takes all its processors for as long as is asked. */
public final class Machine {
    /** More than the caches of most processors hold. */
    private static final long READ_BYTES = 512L << 20;

    private static final int[] ROWS = {256, 512, 1024};
    private static final int WIDTH = 2048;

    /** A GPU is asked for more at once: a wait costs it some ten microseconds. */
    private static final int DEVICE_WIDTH = 8192;

    private static final int DEVICE_RUNS = 8;

    /** Three matrices of float32, and one of 16 bits, in slabs. */
    private static final long DEVICE_PRODUCT_BYTES = 4L * DEVICE_WIDTH * DEVICE_WIDTH * Float.BYTES;

    private Machine() {}

    /**
     * Begins to load the libraries and to write the machine code that computing on the processor needs, on a thread of its own, and
     * returns at once: the first model of a process opens sooner. Does nothing where they are not there, or where system
     * properties choose kernels; what fails here fails again where it is needed.
     */
    public static void prepare() {
        Opening.of(CpuBackend::prepare, _ -> {});
    }

    /** One line about the backend that options choose: threads, vectors, libraries found or why not. */
    public static String describeBackend(LoadOptions options) {
        try (Backend backend = Backends.of(options)) {
            return backend.homes().stream().map(Machine::describe).collect(Collectors.joining("; "));
        }
    }

    private static String describe(Backend backend) {
        return switch (backend) {
            case CpuBackend cpu -> cpu.describe();
            case CudaBackend cuda -> cuda.describe();
            default -> backend.name();
        };
    }

    /**
     * What the backend that options choose computes with.
     *
     * @param kind what the machine is to it: AVX2, AVX-512, …, AMX; a GPU's name
     * @param choices the kernels chosen for each kind of work; empty where there is no choice
     */
    public record Kernels(String kind, List<Choice> choices) {
        public Kernels {
            choices = List.copyOf(choices);
        }
    }

    /**
     * The kernel of a kind of work.
     *
     * @param work for people
     * @param kernel what does it, and why nothing better does; one line
     */
    public record Choice(String work, String kernel) {}

    /** Which kernels the backend that options choose has chosen for this machine; where there are several, the processor's. */
    public static Kernels kernels(LoadOptions options) {
        try (Backend backend = Backends.of(options)) {
            return backend.homes().stream()
                    .filter(CpuBackend.class::isInstance)
                    .map(CpuBackend.class::cast)
                    .findFirst()
                    .map(Machine::kernels)
                    .orElseGet(() -> new Kernels(describe(backend.homes().getFirst()), List.of()));
        }
    }

    private static Kernels kernels(CpuBackend cpu) {
        return new Kernels(
                cpu.kind(),
                cpu.choices().stream()
                        .map(c -> new Choice(c.work(), c.kernel()))
                        .toList());
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

    /**
     * Bytes per second that all processors together read from memory or, where options choose a GPU, that it reads and writes in
     * copies: the best of the passes that fit into the time.
     */
    public static double readBytesPerSecond(LoadOptions options, Duration time) {
        try (Backend backend = Backends.of(options)) {
            return backend instanceof CudaBackend cuda ? copied(cuda, time) : read(time);
        }
    }

    private static double read(Duration time) {
        try (Arena arena = Arena.ofShared();
                MemoryStream stream = new MemoryStream(Runtime.getRuntime().availableProcessors())) {
            // Untouched pages would all be one page of zeros.
            MemorySegment memory = arena.allocate(READ_BYTES, 64).fill((byte) 1);
            return best(READ_BYTES, time, () -> stream.read(memory));
        }
    }

    private static double copied(CudaBackend backend, Duration time) {
        try (Scope scope = Scope.open(backend)) {
            long bytes = Math.min(READ_BYTES, backend.freeBytes() / 4); // others may have the rest
            Shape shape = Shape.of((int) (bytes / Float.BYTES));
            Tensor from = scope.allocate(DType.FLOAT32, shape);
            Tensor to = scope.allocate(DType.FLOAT32, shape);
            return best(2.0 * DEVICE_RUNS * bytes, time, () -> {
                for (int i = 0; i < DEVICE_RUNS; i++) {
                    backend.move(from, to);
                }
                await(to);
            });
        }
    }

    /** Waits for what computes a tensor. */
    private static void await(Tensor x) {
        x.backend().read(x.run(0, 1), MemorySegment.ofArray(new byte[x.dtype().bytes()]));
    }

    /**
     * Floating point operations per second in products of large matrices of a dtype, on the backend that options choose: the best
     * of a prompt's usual numbers of rows, so that no model is faster.
     */
    public static double matrixFlopsPerSecond(LoadOptions options, DType dtype, Duration time) {
        try (Backend backend = Backends.of(options);
                Scope _ = Scope.open(backend)) {
            boolean gpu = backend instanceof CudaBackend cuda
                    && !cuda.isInterpreted()
                    && cuda.freeBytes() > DEVICE_PRODUCT_BYTES;
            Tensor w = matrix(backend, gpu ? DEVICE_WIDTH : WIDTH).to(dtype);
            return Arrays.stream(gpu ? new int[] {DEVICE_WIDTH} : ROWS)
                    .mapToDouble(rows -> matrixFlopsPerSecond(backend, w, rows, gpu ? DEVICE_RUNS : 1, time))
                    .max()
                    .orElseThrow();
        }
    }

    private static double matrixFlopsPerSecond(Backend backend, Tensor w, int rows, int runs, Duration time) {
        Tensor x = w.rows(0, rows);
        return best(2.0 * runs * rows * w.dim(0) * w.dim(1), time, () -> {
            for (int i = 0; i < runs; i++) {
                try (Scope _ = Scope.open(backend)) {
                    Tensor y = backend.linear(x, w, null);
                    if (i == runs - 1) {
                        await(y);
                    }
                }
            }
        });
    }

    private static Tensor matrix(Backend backend, int width) {
        float[] values = new float[width * width];
        for (int i = 0; i < values.length; i++) {
            values[i] = (i % 31 - 15) / 16f;
        }
        return Tensor.of(backend, values, width, width);
    }

    /** The highest rate among the runs that fit into the time; at least three, since the first ones warm up. */
    private static double best(double work, Duration time, Runnable run) {
        double best = 0;
        long end = System.nanoTime() + time.toNanos();
        for (int runs = 0; runs < 3 || System.nanoTime() < end; runs++) {
            long start = System.nanoTime();
            run.run();
            best = Math.max(best, work / ((System.nanoTime() - start) / 1e9));
        }
        return best;
    }
}
