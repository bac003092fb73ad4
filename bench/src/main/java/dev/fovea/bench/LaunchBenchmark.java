package dev.fovea.bench;

import dev.fovea.backend.cuda.CudaBackend;
import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.backend.cuda.device.Product;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What Java takes to ask a GPU for a tower of 24 layers, 169 calls: the device does nothing, so nothing else is in it. */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH calls the setup
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class LaunchBenchmark {
    private static final int LAYERS = 24;
    private static final int ROWS = 1024;
    private static final int WIDTH = 1024;

    private CudaBackend backend;
    private dev.fovea.tensor.Scope memory;
    private Tensor picture;
    private Tensor weight;
    private Tensor vector;

    @Setup
    public void open() {
        backend = new CudaBackend(new Nothing());
        memory = dev.fovea.tensor.Scope.detached(backend);
        picture = memory.allocate(DType.BFLOAT16, Shape.of(ROWS, WIDTH));
        weight = memory.allocate(DType.BFLOAT16, Shape.of(WIDTH, WIDTH));
        vector = memory.allocate(DType.BFLOAT16, Shape.of(WIDTH));
    }

    @TearDown
    public void close() {
        memory.close();
        backend.close();
    }

    /** Each call by itself, as the first picture of a size. */
    @Benchmark
    public Tensor callByCall() {
        try (var _ = dev.fovea.tensor.Scope.open(backend)) {
            return tower(picture);
        }
    }

    /** As further pictures of that size. */
    @Benchmark
    public Tensor replayed() {
        try (var _ = dev.fovea.tensor.Scope.open(backend)) {
            return backend.replay("tower", picture, this::tower);
        }
    }

    private Tensor tower(Tensor from) {
        Tensor x = from;
        for (int i = 0; i < LAYERS; i++) {
            Tensor h = x;
            x = dev.fovea.tensor.Scope.keep(backend, () -> {
                Tensor y = backend.layerNorm(h, vector, vector, 1e-6f);
                Tensor up = backend.activation(backend.linear(y, weight, vector), Activation.GELU);
                return backend.add(backend.add(h, backend.linear(up, weight, vector)), h);
            });
        }
        return backend.layerNorm(x, vector, vector, 1e-6f);
    }

    /** A device that does nothing, with a library that knows all products. */
    private static final class Nothing implements Device {
        private static final long BYTES = 80L << 30;

        private long next = 1L << 20;

        @Override
        public String name() {
            return "nothing";
        }

        @Override
        public String architecture() {
            return "none";
        }

        @Override
        public int multiprocessors() {
            return 132;
        }

        @Override
        public long totalBytes() {
            return BYTES;
        }

        @Override
        public long freeBytes() {
            return BYTES;
        }

        @Override
        public long allocate(long bytes) {
            long address = next;
            next += (bytes + 255) & -256;
            return address;
        }

        @Override
        public void free(long address) {}

        @Override
        public void upload(MemorySegment from, long to) {}

        @Override
        public void download(long from, MemorySegment to) {}

        @Override
        public void copy(long from, long to, long bytes) {}

        @Override
        public void launch(Kernel kernel, Grid grid, Arguments arguments) {}

        @Override
        public boolean multiplies(Product product, long x, long w, long y) {
            return true;
        }

        @Override
        public void multiply(Product product, long x, long w, long bias, long y) {}

        @Override
        public Graph capture(Runnable calls) {
            calls.run();
            return new Graph() {
                @Override
                public void replay() {}

                @Override
                public void close() {}
            };
        }

        @Override
        public void await() {}

        @Override
        public void close() {}
    }
}
