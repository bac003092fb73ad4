package dev.fovea.backend.cuda.ptx;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.error.NativeException;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * A device without a GPU: interprets the PTX that NVIDIA's compiler made of the kernels, so that they can be tested and looked
 * at anywhere. Far too slow for anything else.
 *
 * <p>It is stricter than a GPU. Every access is checked; fresh memory is full of NaN, shared memory too; addresses are never
 * used twice; copies to shared memory happen at the last moment; every other launch runs its blocks and warps in reverse
 * order; lanes that an instruction of a whole warp names must come. What goes wrong is thrown by the launch itself, and names
 * the instruction, the thread and the address.
 */
public final class PtxDevice implements Device {
    /** The least that a device allows a block which asks for it: those of 8.6, 8.9 and 12.0. */
    private static final int MOST_SHARED = 99 * 1024;

    /** What a block has without asking; kernels ask for what they are launched with, not for what they declare. */
    private static final int PLAIN_SHARED = 48 * 1024;

    /** Of a grid, along its second and third axis. */
    private static final int MOST_BLOCKS = 65535;

    private final Function<Kernel.Module, String> ptx;
    private final PtxMemory memory;
    private final Map<Kernel.Module, Module> modules = new HashMap<>();
    private final LongAdder executed = new LongAdder();
    private final PtxFiles files = new PtxFiles();
    private int launches;

    /**
     * @param ptx the text of each module
     * @param totalBytes of memory to allow
     */
    public PtxDevice(Function<Kernel.Module, String> ptx, long totalBytes) {
        this.ptx = ptx;
        memory = new PtxMemory(totalBytes);
    }

    @Override
    public String name() {
        return "PTX interpreter";
    }

    @Override
    public String architecture() {
        return "compute_80";
    }

    @Override
    public int multiprocessors() {
        return 4;
    }

    @Override
    public long totalBytes() {
        return memory.capacity();
    }

    @Override
    public long freeBytes() {
        return memory.free();
    }

    @Override
    public long allocate(long bytes) {
        return memory.allocate(bytes);
    }

    @Override
    public void free(long address) {
        memory.free(address);
    }

    @Override
    public void upload(MemorySegment from, long to) {
        MemorySegment.copy(from, 0, range(to, from.byteSize()), 0, from.byteSize());
    }

    @Override
    public void download(long from, MemorySegment to) {
        MemorySegment.copy(range(from, to.byteSize()), 0, to, 0, to.byteSize());
    }

    @Override
    public void copy(long from, long to, long bytes) {
        MemorySegment.copy(range(from, bytes), 0, range(to, bytes), 0, bytes);
    }

    private MemorySegment range(long address, long bytes) {
        if (bytes == 0) {
            return MemorySegment.ofArray(new byte[0]);
        }
        PtxMemory.Segment segment = memory.range(address, bytes);
        return MemorySegment.ofArray(segment.content()).asSlice(address - segment.base(), bytes);
    }

    @Override
    public synchronized void launch(Kernel kernel, Grid grid, Arguments arguments) {
        if (grid.isEmpty()) {
            return;
        }
        PtxKernel code = modules.computeIfAbsent(kernel.module(), this::module).kernel(kernel.entry());
        byte[] bytes = arguments.toBytes();
        int shared = code.sharedBytes() + kernel.sharedBytes();
        check(code, kernel, bytes.length, shared);
        if (grid.y() > MOST_BLOCKS || grid.z() > MOST_BLOCKS) {
            throw new NativeException("kernel %s was launched with %s, of which y and z are at most %d"
                    .formatted(code.name(), grid, MOST_BLOCKS));
        }
        PtxLaunch launch = new PtxLaunch(code, memory, grid, kernel.threads(), shared, new PtxMemory.Segment(0, bytes));
        boolean reversed = launches++ % 2 == 1;
        int blocks = Math.toIntExact((long) grid.x() * grid.y() * grid.z());
        IntStream all = IntStream.range(0, blocks);
        (blocks > 1 ? all.parallel() : all)
                .forEach(i -> executed.add(new PtxBlock(launch, reversed ? blocks - 1 - i : i).run(files, reversed)));
    }

    private static void check(PtxKernel code, Kernel kernel, int argumentBytes, int shared) {
        if (argumentBytes != code.parameterBytes()) {
            throw new NativeException("kernel %s takes %d bytes of arguments, was launched with %d"
                    .formatted(code.name(), code.parameterBytes(), argumentBytes));
        }
        if (kernel.threads() < 1 || kernel.threads() > code.most()) {
            throw new NativeException("kernel %s takes 1 to %d threads a block, was launched with %d"
                    .formatted(code.name(), code.most(), kernel.threads()));
        }
        int most = kernel.sharedBytes() > PLAIN_SHARED ? MOST_SHARED : PLAIN_SHARED;
        if (shared > most) {
            throw new NativeException(
                    "kernel %s needs %d bytes of shared memory, a block has at most %d, when it is launched with %d"
                            .formatted(code.name(), shared, most, kernel.sharedBytes()));
        }
    }

    /** Instructions run so far, each counted for each thread. */
    public long executed() {
        return executed.sum();
    }

    /** Returns at once: a launch ends before its call does. */
    @Override
    public void await() {}

    @Override
    public void close() {
        memory.clear();
        files.clear();
    }

    private Module module(Kernel.Module module) {
        return new Module(module, new PtxSource(ptx.apply(module)), memory);
    }

    /** A module whose entries are made ready when they are asked for. */
    private static final class Module {
        private final Kernel.Module id;
        private final PtxSource source;
        private final Map<String, Long> globals = new HashMap<>();
        private final Map<String, PtxKernel> kernels = new HashMap<>();

        Module(Kernel.Module id, PtxSource source, PtxMemory memory) {
            this.id = id;
            this.source = source;
            source.variables().forEach((name, v) -> {
                if (v.space().equals("global") || v.space().equals("const")) {
                    long address = memory.allocate(v.content().length);
                    PtxMemory.Segment segment = memory.range(address, v.content().length);
                    System.arraycopy(v.content(), 0, segment.content(), 0, v.content().length);
                    globals.put(name, address);
                }
            });
        }

        PtxKernel kernel(String entry) {
            return kernels.computeIfAbsent(entry, this::make);
        }

        private PtxKernel make(String name) {
            return PtxKernel.of(name + " of " + id.id(), source, source.entry(name), globals);
        }
    }
}
