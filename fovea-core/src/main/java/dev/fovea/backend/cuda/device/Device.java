package dev.fovea.backend.cuda.device;

import java.lang.foreign.MemorySegment;
import java.util.Collection;

/**
 * A GPU, or what stands for one: memory, launches, waiting. What is asked of it happens in the order of the calls, perhaps
 * later; {@link #download} and {@link #await} wait, and throw what an earlier call did wrong.
 *
 * <p>Addresses are the device's own; nothing may be read or written through them by Java. Safe for use by many threads.
 */
public interface Device extends AutoCloseable {
    /** What it is, for people: {@code NVIDIA H100 80GB HBM3}. */
    String name();

    /** What kernels are compiled for: {@code sm_90a}. */
    String architecture();

    /** How many blocks run side by side, at least: the number of multiprocessors. */
    int multiprocessors();

    /** What has the memory: equal for devices that share it. */
    default Object card() {
        return this;
    }

    /** Bytes of memory in all. */
    long totalBytes();

    /** Bytes that can be allocated now. */
    long freeBytes();

    /** Begins to compile what will be launched, so that less is waited for later; returns at once. */
    default void prepare(Collection<Kernel.Module> modules) {}

    /**
     * Uninitialised memory, aligned to 256 bytes.
     *
     * @throws dev.fovea.error.MemoryException where there is not as much, with the numbers
     */
    long allocate(long bytes);

    /** Takes memory back that {@link #allocate} gave, after all that was launched before. */
    void free(long address);

    /** Copies host memory, on or off the heap, to the device; the host memory may change as soon as this returns. */
    void upload(MemorySegment from, long to);

    /** Copies device memory to the host, after all that was launched before; waits for it. */
    void download(long from, MemorySegment to);

    /** Copies within the device. */
    void copy(long from, long to, long bytes);

    /** Runs a kernel; a grid without blocks runs nothing. */
    void launch(Kernel kernel, Grid grid, Arguments arguments);

    /**
     * Whether a library of the device can multiply: what {@link #multiply} then does has the same bits at every run, but a row's
     * may depend on how many rows there are. The same answer at every call.
     *
     * @param x where the rows of (T, K) are
     * @param w where the (N, K) are
     * @param y where the (T, N) go
     */
    default boolean multiplies(Product product, long x, long w, long y) {
        return false;
    }

    /**
     * Multiplies by the library.
     *
     * @param bias where the (N) are; anything where the product has none
     */
    default void multiply(Product product, long x, long w, long bias, long y) {
        throw new UnsupportedOperationException("no library multiplies on " + name());
    }

    /**
     * Makes one thing of what the calls launch and copy, to be run again and again with the same arguments. Nothing of it runs
     * yet; it neither allocates nor copies to or from the host. A device without such a thing runs the calls each time.
     */
    default Graph capture(Runnable calls) {
        return new Graph() {
            @Override
            public void replay() {
                calls.run();
            }

            @Override
            public void close() {}
        };
    }

    /** Launches and copies that are one. */
    interface Graph extends AutoCloseable {
        /** Runs them, in the order of the device's other calls. */
        void replay();

        @Override
        void close();
    }

    /** Waits for all that was launched. */
    void await();

    /** Frees everything. */
    @Override
    void close();

    /** Blocks of a launch along three axes. */
    record Grid(int x, int y, int z) {
        /** Blocks in a row. */
        public static Grid of(long x) {
            return new Grid(Math.toIntExact(x), 1, 1);
        }

        /** Whether it has no blocks at all. */
        public boolean isEmpty() {
            return x == 0 || y == 0 || z == 0;
        }
    }
}
