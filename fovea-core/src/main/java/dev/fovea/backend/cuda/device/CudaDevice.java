package dev.fovea.backend.cuda.device;

import dev.fovea.error.ClosedException;
import dev.fovea.error.NativeException;
import dev.fovea.ffi.Cleanup;
import dev.fovea.ffi.UntilExit;
import java.lang.foreign.MemorySegment;
import java.util.Collection;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A GPU by NVIDIA's driver: its primary context, and one stream, which all that is asked of it goes through in order. Errors of
 * launches are met by a later call, unless the system property {@code fovea.cuda.wait} is true: then each launch waits.
 */
final class CudaDevice implements Device {
    private static final boolean WAIT = Boolean.getBoolean("fovea.cuda.wait");

    private final ReentrantLock lock = new ReentrantLock();
    private final Gpu gpu;
    private final int device;
    private final long context;
    private final KernelCode code;
    private final CudaMemory memory;
    private final long stream;
    private final Graphs graphs;
    private final Launcher launcher;
    private final Transfers transfers;
    private @Nullable LibraryProducts products;
    private @Nullable CudaException lost;
    private boolean afterKernel; // whether the last thing recorded is a launch
    private boolean closed;

    private CudaDevice(Gpu gpu, KernelCode code, int device, long context) {
        this.gpu = gpu;
        this.code = code;
        this.device = device;
        this.context = context;
        Driver.makeCurrent(context);
        memory = new CudaMemory(gpu);
        stream = Streams.create();
        graphs = new Graphs(stream);
        launcher = new Launcher(code, stream);
        try {
            transfers = new Transfers(device, stream);
        } catch (RuntimeException | Error e) {
            Cleanup.after(e, launcher::close, () -> Streams.destroy(stream));
            throw e;
        }
    }

    /** @throws NativeException where the driver will not */
    static CudaDevice open(Gpu gpu, KernelCode code) {
        // Hundreds of megabytes, wanted by the first prompt: loaded while weights are.
        Thread.ofPlatform().daemon().name("fovea-cublaslt").start(() -> UntilExit.run(Libraries::cublasLt));
        try {
            int device = Driver.device(gpu.ordinal());
            long context = Driver.retainContext(device);
            try {
                return new CudaDevice(gpu, code, device, context);
            } catch (RuntimeException | Error e) {
                Cleanup.after(e, () -> Driver.releaseContext(device));
                throw e;
            }
        } catch (CudaException e) {
            throw e.of(gpu);
        }
    }

    @Override
    public String name() {
        return gpu.name();
    }

    @Override
    public String architecture() {
        return KernelCode.architecture(gpu.capability());
    }

    @Override
    public int multiprocessors() {
        return gpu.multiprocessors();
    }

    @Override
    public Object card() {
        return gpu;
    }

    @Override
    public long totalBytes() {
        return gpu.totalBytes();
    }

    @Override
    public long freeBytes() {
        return ask(Driver::freeBytes);
    }

    @Override
    public void prepare(Collection<Kernel.Module> modules) {
        code.prepare(modules);
    }

    @Override
    public long allocate(long bytes) {
        return ask(() -> memory.allocate(bytes));
    }

    @Override
    public void free(long address) {
        unlessLost(() -> {
            graphs.requireNotRecording();
            Streams.await(stream);
            memory.free(address);
        });
    }

    /** Of a device that is lost nothing can be freed: the driver does so at the end of the process. */
    private void unlessLost(Runnable freeing) {
        lock.lock();
        try {
            if (lost == null) {
                run(freeing);
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void upload(MemorySegment from, long to) {
        run(() -> {
            graphs.requireNotRecording();
            transfers.upload(from, to);
        });
    }

    @Override
    public void download(long from, MemorySegment to) {
        run(() -> {
            graphs.requireNotRecording();
            transfers.download(from, to);
        });
    }

    @Override
    public void copy(long from, long to, long bytes) {
        if (bytes > 0) {
            run(() -> {
                Streams.copy(from, to, bytes, stream);
                afterKernel = false;
            });
        }
    }

    @Override
    public void launch(Kernel kernel, Grid grid, Arguments arguments) {
        if (grid.isEmpty()) {
            return;
        }
        run(() -> {
            launcher.launch(kernel, grid, arguments.toBytes(), afterKernel);
            afterKernel = graphs.isRecording();
            if (WAIT && !afterKernel) {
                launcher.await(kernel);
            }
        });
    }

    @Override
    public boolean multiplies(Product product, long x, long w, long y) {
        return LibraryProducts.isAligned(product, x, w, y)
                && Libraries.cublasLt().value().isPresent()
                && ask(() -> products().knows(product));
    }

    @Override
    public void multiply(Product product, long x, long w, long bias, long y) {
        run(() -> {
            try {
                products().multiply(product, x, w, bias, y);
            } catch (NativeException e) {
                if (!graphs.isRecording()) {
                    Streams.await(stream); // where the device is lost the driver says so, and the library does not
                }
                throw e;
            }
            afterKernel = false;
        });
    }

    private LibraryProducts products() {
        LibraryProducts there = products;
        if (there == null) {
            long workspace = allocate(LibraryProducts.WORKSPACE);
            try {
                there = new LibraryProducts(stream, workspace);
            } catch (RuntimeException | Error e) {
                Cleanup.after(e, () -> free(workspace)); // each product tries again
                throw e;
            }
            products = there;
        }
        return there;
    }

    @Override
    public void await() {
        run(() -> {
            graphs.requireNotRecording();
            Streams.await(stream);
        });
    }

    @Override
    public Graph capture(Runnable calls) {
        Graphs.Recorded recorded = ask(() -> {
            afterKernel = false;
            try {
                return graphs.record(calls);
            } finally {
                afterKernel = false;
            }
        });
        return new Graph() {
            @Override
            public void replay() {
                run(() -> graphs.run(recorded));
            }

            @Override
            public void close() {
                unlessLost(() -> graphs.destroy(recorded));
            }
        };
    }

    private void run(Runnable work) {
        ask(() -> {
            work.run();
            return true;
        });
    }

    /** In the context, alone; an error after which the device is lost is told now and at each further call. */
    private <T> T ask(Supplier<T> work) {
        lock.lock();
        try {
            if (closed) {
                throw ClosedException.of("device");
            }
            if (lost != null) {
                throw refusal(gpu + " failed before and is lost to this process: " + lost.problem(), lost);
            }
            Driver.makeCurrent(context);
            return work.get();
        } catch (CudaException e) {
            if (!e.isFatal()) {
                throw e.isOutOfMemory() ? memory.shortage(e.problem(), e) : e;
            }
            lost = e;
            throw refusal(gpu + " is lost to this process: " + e.problem(), e);
        } finally {
            lock.unlock();
        }
    }

    private static NativeException refusal(String problem, CudaException cause) {
        String why = cause.hint().isEmpty() ? "" : "; " + cause.hint();
        return new NativeException(problem, "start the program again" + why, cause);
    }

    @Override
    public void close() {
        lock.lock();
        try {
            if (!closed) {
                unlessLost(this::release);
            }
        } catch (NativeException e) {
            if (lost == null) {
                throw e;
            } // else it is found out now, when nobody needs it any more
        } finally {
            closed = true;
            lock.unlock();
        }
    }

    private void release() {
        Streams.await(stream); // finds a card lost, of which nothing can be freed
        LibraryProducts made = products;
        Cleanup.all(
                graphs::close,
                launcher::close,
                transfers::close,
                made == null ? () -> {} : made::close,
                memory::close,
                () -> Streams.destroy(stream),
                () -> Driver.releaseContext(device));
    }
}
