package dev.fovea;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.backend.cpu.machine.MemoryStream;
import dev.fovea.backend.cuda.CudaBackend;
import dev.fovea.error.ClosedException;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Lifetime;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * What computes: the devices that options choose, or those of a model; described and measured. Measuring takes all of a device for as
 * long as is asked. For the thread that opened it; a {@link ClosedException} tells of calls after {@link #close}.
 *
 * <pre>{@code
 * try (Engine engine = Engine.of(model)) {
 *     double limit = engine.readBytesPerSecond(Duration.ofSeconds(1));
 * }
 * }</pre>
 */
public final class Engine implements AutoCloseable {
    /** More than the caches of most processors hold. */
    private static final long READ_BYTES = 512L << 20;

    private static final int[] ROWS = {256, 512, 1024};
    private static final int WIDTH = 2048;

    /** A GPU is asked for more at once: a wait costs it some ten microseconds. */
    private static final int DEVICE_WIDTH = 8192;

    private static final int DEVICE_RUNS = 8;

    /** Three matrices of float32, and one of 16 bits, in slabs. */
    private static final long DEVICE_PRODUCT_BYTES = 4L * DEVICE_WIDTH * DEVICE_WIDTH * Float.BYTES;

    private final Backend backend;
    private final Runnable release;
    private boolean closed;

    private Engine(Backend backend, Runnable release) {
        this.backend = backend;
        this.release = release;
    }

    /**
     * What options choose where no model is to find room.
     *
     * @throws dev.fovea.error.FoveaException where a device that they name cannot be used
     */
    public static Engine open(LoadOptions options) {
        Objects.requireNonNull(options, "options");
        Backend backend = Backends.of(options);
        return new Engine(backend, backend::close);
    }

    /** That of a model, which stays open until this is closed. */
    public static Engine of(Model model) {
        Objects.requireNonNull(model, "model");
        Lifetime.Lease lease = model.use("model");
        return new Engine(model.backend(), lease::close);
    }

    private List<Backend> homes() {
        if (closed) {
            throw ClosedException.of("engine");
        }
        return backend.homes();
    }

    /** One line: threads, vectors, libraries found or why not; of each device. */
    public String describe() {
        return homes().stream().map(Engine::describe).collect(Collectors.joining("; "));
    }

    private static String describe(Backend home) {
        return switch (home) {
            case CpuBackend cpu -> cpu.describe();
            case CudaBackend cuda -> cuda.describe();
            default -> home.name();
        };
    }

    /**
     * What it computes with.
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

    /** Which kernels were chosen for this machine; of several devices, the processor's. */
    public Kernels kernels() {
        return homes().stream()
                .filter(CpuBackend.class::isInstance)
                .map(CpuBackend.class::cast)
                .findFirst()
                .map(Engine::kernels)
                .orElseGet(() -> new Kernels(kind(homes().getFirst()), List.of()));
    }

    private static String kind(Backend home) {
        return home instanceof CudaBackend cuda ? cuda.kind() : home.name();
    }

    private static Kernels kernels(CpuBackend cpu) {
        return new Kernels(
                cpu.kind(),
                cpu.choices().stream()
                        .map(c -> new Choice(c.work(), c.kernel()))
                        .toList());
    }

    /**
     * Bytes per second that all processors together read from memory or, on a GPU, that it reads and writes in copies: the best of the
     * passes that fit into the time. Of several devices, which compute in turn, the slowest.
     */
    public double readBytesPerSecond(Duration time) {
        Objects.requireNonNull(time, "time");
        return slowest(home -> home instanceof CudaBackend cuda ? copied(cuda, time) : read(time));
    }

    private double slowest(ToDoubleFunction<Backend> rate) {
        return homes().stream().mapToDouble(rate).min().orElseThrow();
    }

    private static double read(Duration time) {
        try (Arena arena = Arena.ofShared();
                MemoryStream stream = new MemoryStream(Runtime.getRuntime().availableProcessors())) {
            // Untouched pages would all be one page of zeros.
            MemorySegment memory = arena.allocate(READ_BYTES, 64).fill((byte) 1);
            return best(READ_BYTES, time, () -> stream.read(memory));
        }
    }

    private static double copied(CudaBackend gpu, Duration time) {
        try (Scope scope = Scope.open(gpu)) {
            long bytes = Math.min(READ_BYTES, gpu.freeBytes() / 4); // others may have the rest
            Shape shape = Shape.of((int) (bytes / Float.BYTES));
            Tensor from = scope.allocate(DType.FLOAT32, shape);
            Tensor to = scope.allocate(DType.FLOAT32, shape);
            return best(2.0 * DEVICE_RUNS * bytes, time, () -> {
                for (int i = 0; i < DEVICE_RUNS; i++) {
                    gpu.move(from, to);
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
     * Floating point operations per second in products of large matrices of a dtype: the best of a prompt's usual numbers of rows, so
     * that no model is faster. Of several devices, which compute in turn, the slowest.
     */
    public double matrixFlopsPerSecond(DType dtype, Duration time) {
        Objects.requireNonNull(dtype, "dtype");
        Objects.requireNonNull(time, "time");
        return slowest(home -> matrixFlopsPerSecond(home, dtype, time));
    }

    private static double matrixFlopsPerSecond(Backend home, DType dtype, Duration time) {
        try (Scope _ = Scope.open(home)) {
            boolean gpu = home instanceof CudaBackend cuda
                    && !cuda.isInterpreted()
                    && cuda.freeBytes() > DEVICE_PRODUCT_BYTES;
            Tensor w = matrix(home, gpu ? DEVICE_WIDTH : WIDTH).to(dtype);
            return Arrays.stream(gpu ? new int[] {DEVICE_WIDTH} : ROWS)
                    .mapToDouble(rows -> matrixFlopsPerSecond(home, w, rows, gpu ? DEVICE_RUNS : 1, time))
                    .max()
                    .orElseThrow();
        }
    }

    private static double matrixFlopsPerSecond(Backend home, Tensor w, int rows, int runs, Duration time) {
        Tensor x = w.rows(0, rows);
        return best(2.0 * runs * rows * w.dim(0) * w.dim(1), time, () -> {
            for (int i = 0; i < runs; i++) {
                try (Scope _ = Scope.open(home)) {
                    Tensor y = home.linear(x, w, null);
                    if (i == runs - 1) {
                        await(y);
                    }
                }
            }
        });
    }

    private static Tensor matrix(Backend home, int width) {
        float[] values = new float[width * width];
        for (int i = 0; i < values.length; i++) {
            values[i] = (i % 31 - 15) / 16f;
        }
        return Tensor.of(home, values, width, width);
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

    /** Closes what was opened; leaves a model as it is. Idempotent. */
    @Override
    public void close() {
        if (!closed) {
            release.run();
            closed = true;
        }
    }
}
