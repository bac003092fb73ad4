package dev.fovea.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.backend.cuda.device.KernelArchive;
import dev.fovea.backend.cuda.ptx.PtxDevice;
import dev.fovea.error.MemoryException;
import dev.fovea.error.NativeException;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Memory that is short, wherever it is: what was begun stays right, and what waits for reuse is given back first. */
class ShortMemoryTest {
    private static final long CAPACITY = 64L << 20;

    private final CountingDevice device = new CountingDevice(new PtxDevice(KernelArchive.bundled()::ptx, CAPACITY));
    private final CudaBackend backend = new CudaBackend(new Scarce(device));
    private int allocations; // that fail from now on
    private int launches;
    private boolean isShortOfGraphs;
    private boolean hasFirstGraph; // of two: the first is asked for once, the other twice
    private int graphs; // that were asked for
    private long graphBytes; // that one takes
    private int frees; // that fail from now on

    /** A device that says so many times that it has no memory. */
    private final class Scarce extends ForwardingDevice {
        Scarce(Device device) {
            super(device);
        }

        @Override
        public long allocate(long bytes) {
            require(allocations-- <= 0);
            return super.allocate(bytes);
        }

        @Override
        public void launch(Kernel kernel, Grid grid, Arguments arguments) {
            require(launches-- <= 0);
            super.launch(kernel, grid, arguments);
        }

        /** For towers, which may hold a part of it. */
        @Override
        public long totalBytes() {
            return 1L << 30;
        }

        @Override
        public Graph capture(Runnable calls) {
            graphs++;
            require(!isShortOfGraphs || hasFirstGraph && graphs % 3 == 1);
            require(freeBytes() >= graphBytes);
            return super.capture(calls);
        }

        @Override
        public void free(long address) {
            super.free(address);
            if (frees-- > 0) {
                throw new NativeException("something failed before");
            }
        }

        private static void require(boolean isThere) {
            if (!isThere) {
                throw new MemoryException("no memory");
            }
        }
    }

    @AfterEach
    void close() {
        backend.close();
    }

    /** Calls that have not run yet use memory that came back already: it must not be freed under them. */
    private Tensor step(Tensor x, Runnable inTheMidst) {
        Tensor doubled = Scope.keep(backend, () -> backend.add(backend.scale(x, 3), backend.scale(x, -1)));
        inTheMidst.run();
        return backend.add(doubled, Scope.current(backend).adopt(x));
    }

    private float[] repeated(int times, Runnable inTheMidst) {
        float[] found = {};
        for (int i = 0; i < times; i++) {
            try (Scope _ = Scope.open(backend)) {
                Tensor x = Tensor.of(backend, new float[] {1, 2, 3, 4}, 4);
                found = backend.repeat("step", () -> step(x, inTheMidst)).toFloats();
            }
        }
        return found;
    }

    @Test
    void inTheMidstOfAStep() {
        Runnable asking = () -> {
            allocations = 1;
            Scope.current(backend).allocate(DType.FLOAT32, Shape.of(3 << 20));
        };
        assertThat(repeated(4, asking)).containsExactly(3, 6, 9, 12);
    }

    /** What the step itself has given back is all that could be: its calls run, and it goes on. */
    @Test
    void whatAStepGaveBackServesIt() {
        Runnable asking = () -> {
            for (int size : new int[] {9 << 20, 13 << 20}) { // 36 and 52 MB of 64
                try (Scope scope = Scope.open(backend)) {
                    Tensor large = scope.allocate(DType.FLOAT32, Shape.of(size));
                    backend.add(large.run(0, 4), large.run(0, 4));
                }
            }
        };
        assertThat(repeated(3, asking)).containsExactly(3, 6, 9, 12);
    }

    @Test
    void inTheMidstOfAnotherThreadsStep() {
        Runnable asking = () -> {
            Thread other = Thread.ofPlatform().start(() -> {
                allocations = 1;
                Scope.detached(backend).allocate(DType.FLOAT32, Shape.of(2 << 20));
            });
            try {
                other.join();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        };
        assertThat(repeated(4, asking)).containsExactly(3, 6, 9, 12);
    }

    @Test
    void forGraphs() {
        isShortOfGraphs = true;
        assertThat(repeated(4, () -> {})).containsExactly(3, 6, 9, 12);
        assertThat(replayed(3)).containsExactly(4, 8);
        isShortOfGraphs = false;
        assertThat(repeated(4, () -> {})).containsExactly(3, 6, 9, 12);
        assertThat(replayed(3)).containsExactly(4, 8);
        assertThat(device.captures).isEqualTo(2);
    }

    /** What waits for reuse serves a graph as it does anything else. */
    @Test
    void graphsThatWhatWaitsServes() {
        Scope waiting = Scope.detached(backend);
        waiting.allocate(DType.FLOAT32, Shape.of(10 << 20)); // 40 MB of 64
        waiting.close();
        graphBytes = 40L << 20;
        assertThat(repeated(2, () -> {})).containsExactly(3, 6, 9, 12);
        assertThat(device.captures).isEqualTo(1);
    }

    /** What one slab's end does wrong keeps no other, and nobody gets what is gone. */
    @Test
    void slabsThatCannotBeFreed() {
        Scope waiting = Scope.detached(backend);
        waiting.allocate(DType.FLOAT32, Shape.of(4 << 20)); // 16 MB of 64
        waiting.allocate(DType.FLOAT32, Shape.of(5 << 20));
        waiting.close();
        frees = 1;
        for (int megabytes : new int[] {44, 16, 20}) {
            try (Scope scope = Scope.open(backend)) {
                Tensor large = scope.allocate(DType.FLOAT32, Shape.of(megabytes << 18));
                Tensor sum = backend.add(large.run(0, 4), large.run(0, 4));
                assertThat(sum.toFloats()).hasSize(4);
            }
        }
    }

    /** Asking again and again would cost more than the calls one by one. */
    @Test
    void forGraphsForLong() {
        isShortOfGraphs = true;
        assertThat(repeated(60, () -> {})).containsExactly(3, 6, 9, 12);
        assertThat(graphs).isBetween(4, 12);
        graphs = 0;
        assertThat(replayed(60)).containsExactly(4, 8);
        assertThat(graphs).isBetween(4, 12);
    }

    /** Of a long step the first part, which is small, may have its graph each time. */
    @Test
    void forFurtherGraphsForLong() {
        isShortOfGraphs = true;
        hasFirstGraph = true;
        for (int i = 0; i < 30; i++) {
            try (Scope _ = Scope.open(backend)) {
                Tensor x = Tensor.of(backend, new float[] {1, 2}, 2);
                assertThat(backend.repeat("step", () -> timesSeventy(x)).toFloats())
                        .containsExactly(70, 140);
            }
        }
        assertThat(graphs).isBetween(6, 15);
    }

    private Tensor timesSeventy(Tensor x) {
        Tensor sum = x;
        for (int i = 1; i < 70; i++) {
            sum = backend.add(sum, x);
        }
        return sum;
    }

    private float[] replayed(int times) {
        float[] found = {};
        for (int i = 0; i < times; i++) {
            try (Scope _ = Scope.open(backend)) {
                Tensor x = Tensor.of(backend, new float[] {1, 2}, 2);
                found = backend.replay("tower", x, y -> backend.add(backend.scale(y, 3), y))
                        .toFloats();
            }
        }
        return found;
    }

    @Test
    void forKernels() {
        launches = 1;
        assertThat(repeated(1, () -> {})).containsExactly(3, 6, 9, 12);
    }

    /** A block of tables that cannot be had leaves the one before as it was. */
    @Test
    void forTables() {
        int[] many = new int[1 << 19];
        Arrays.fill(many, 1);
        Supplier<float[]> few = () -> gathered(new int[] {1, 0});
        assertThat(few.get()).containsExactly(3, 4, 1, 2);
        allocations = 2;
        assertThatThrownBy(() -> gathered(many)).isInstanceOf(MemoryException.class);
        assertThat(few.get()).containsExactly(3, 4, 1, 2);
        assertThat(gathered(many)).hasSize(2 << 19).contains(3, 4).doesNotContain(1, 2);
        assertThat(few.get()).containsExactly(3, 4, 1, 2);
    }

    private float[] gathered(int[] ids) {
        try (Scope _ = Scope.open(backend)) {
            Tensor table = Tensor.of(backend, new float[] {1, 2, 3, 4}, 2, 2);
            int slabs = allocations;
            allocations = 0; // the result's memory is there
            Tensor room = Scope.current(backend).allocate(DType.FLOAT32, Shape.of(ids.length, 2));
            assertThat(room.shape().size()).isPositive();
            allocations = slabs;
            return backend.gatherRows(table, ids, DType.FLOAT32).toFloats();
        }
    }

    /** The same of a step's values from the host. */
    @Test
    void forAStepsValues() {
        float[] many = new float[1 << 19];
        many[0] = 5;
        Runnable asking = () -> {
            allocations = 2;
            Tensor.of(backend, many, many.length);
        };
        repeated(2, () -> {});
        assertThatThrownBy(() -> repeated(1, asking)).isInstanceOf(MemoryException.class);
        allocations = 0;
        assertThat(repeated(3, () -> {})).containsExactly(3, 6, 9, 12);
        assertThat(repeated(3, () -> Tensor.of(backend, many, many.length))).containsExactly(3, 6, 9, 12);
    }

    /** Two models on one card: what one of them keeps for itself is the other's where it needs it. */
    @Test
    void oneModelGivesBackForAnother() {
        Scope mine = Scope.detached(backend);
        mine.allocate(DType.FLOAT32, Shape.of(10 << 20)); // 40 MB of 64
        mine.close();
        try (CudaBackend second = new CudaBackend(new Scarce(device));
                Scope its = Scope.detached(second)) {
            its.allocate(DType.FLOAT32, Shape.of(11 << 20));
            assertThat(its.bytes()).isEqualTo(44L << 20);
        }
    }

    /** What waits on another card is no help. */
    @Test
    void otherCardsKeepWhatTheyHave() {
        CountingDevice other = new CountingDevice(new PtxDevice(KernelArchive.bundled()::ptx, CAPACITY));
        try (CudaBackend second = new CudaBackend(other)) {
            Scope its = Scope.detached(second);
            its.allocate(DType.FLOAT32, Shape.of(10 << 20));
            its.close();
            allocations = 1;
            try (Scope mine = Scope.detached(backend)) {
                mine.allocate(DType.FLOAT32, Shape.of(10 << 20));
            }
            assertThat(other.freeBytes()).isEqualTo(CAPACITY - (40L << 20));
        }
    }

    /** A step that nobody asked for and that cannot run takes no memory with it. */
    @Test
    void atTheCloseOfAScope() {
        Scope scope = Scope.open(backend);
        Tensor x = scope.allocate(DType.FLOAT32, Shape.of(4 << 20)); // 16 MB of 64
        Tensor y = scope.allocate(DType.FLOAT32, Shape.of(4 << 20));
        backend.repeat("step", () -> backend.add(x.run(0, 4), y.run(0, 4)));
        launches = 2;
        assertThatThrownBy(scope::close).isInstanceOf(MemoryException.class);
        try (Scope whole = Scope.detached(backend)) {
            whole.allocate(DType.FLOAT32, Shape.of(13 << 20));
            assertThat(whole.bytes()).isEqualTo(52L << 20);
        }
    }

    /** What another thread closes while calls with it have not run is nobody's until they have. */
    @Test
    void whatIsClosedMeanwhileIsNotHandedOut() throws InterruptedException {
        Scope cache = Scope.detached(backend);
        try (Scope _ = Scope.open(backend);
                Scope others = Scope.detached(backend)) {
            Tensor target = cache.allocate(DType.FLOAT32, Shape.of(1, 4));
            Tensor row = Tensor.of(backend, new float[] {9, 9, 9, 9}, 1, 4);
            Tensor[] found = new Tensor[1];
            Tensor result = backend.repeat("step", () -> {
                backend.scatterRows(target, new int[] {0}, row);
                return backend.add(row, row);
            });
            Thread.ofPlatform()
                    .start(() -> {
                        cache.close();
                        try (Scope _ = Scope.open(backend)) {
                            found[0] = others.adopt(Tensor.of(backend, new float[] {1, 2, 3, 4}, 1, 4));
                        }
                    })
                    .join();
            assertThat(result.toFloats()).containsExactly(18, 18, 18, 18);
            assertThat(found[0].toFloats()).containsExactly(1, 2, 3, 4);
        }
    }
}
