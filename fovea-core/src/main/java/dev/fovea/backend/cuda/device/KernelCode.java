package dev.fovea.backend.cuda.device;

import dev.fovea.error.NativeException;
import dev.fovea.ffi.UntilExit;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * What a device loads of modules: machine code for its architecture, made on threads of their own and kept in a
 * {@link CodeCache}; where there is no compiler that makes such code, PTX of the archive, which the driver compiles. Safe for use
 * by many threads.
 */
final class KernelCode {
    /** A compiler follows the nesting of what it compiles: deeper than the stack of any thread that asks for it. */
    private static final long STACK_BYTES = 16L << 20;

    private static final ThreadFactory MAKERS = Thread.ofPlatform()
            .daemon()
            .stackSize(STACK_BYTES)
            .name("fovea-nvrtc-", 0)
            .factory();

    private static final Executor THREADS = threads();

    private final Maker maker;
    private final Map<Kernel.Module, FutureTask<byte[]>> images = new ConcurrentHashMap<>();

    /** Makes what a device loads of a module. */
    interface Maker {
        byte[] make(Kernel.Module module);
    }

    private KernelCode(Maker maker) {
        this.maker = maker;
    }

    /** As somebody makes it, once. */
    static KernelCode by(Maker maker) {
        return new KernelCode(maker);
    }

    /** Compiled for an architecture, {@code sm_90a}. */
    static KernelCode compiled(Nvrtc nvrtc, String architecture, CodeCache cache) {
        return new KernelCode(module -> cache.get(
                List.of(KernelSources.sum(module), nvrtc.version(), architecture),
                () -> UntilExit.run(() -> nvrtc.compile(module, architecture).code())));
    }

    /** As the archive has it: PTX, with a zero at its end. */
    static KernelCode ofArchive(KernelArchive archive) {
        return new KernelCode(module -> {
            byte[] text = archive.ptx(module).getBytes(StandardCharsets.UTF_8);
            return Arrays.copyOf(text, text.length + 1);
        });
    }

    /**
     * The architecture to compile for.
     *
     * @param capability of the GPU: 90, 120
     * @param supported by the compiler
     * @return {@code sm_90a}; the next lower of the same generation where the compiler does not know the GPU's own; empty where
     *     it knows none
     */
    static Optional<String> architecture(int capability, List<Integer> supported) {
        return supported.stream()
                .filter(known -> known / 10 == capability / 10 && known <= capability)
                .max(Comparator.naturalOrder())
                .map(KernelCode::architecture);
    }

    /** {@code sm_90a}: instructions of Hopper are in none but its own. */
    static String architecture(int capability) {
        return "sm_" + capability + (capability == 90 ? "a" : "");
    }

    /** Begins to make what will be asked for. */
    void prepare(Collection<Kernel.Module> modules) {
        modules.forEach(module -> THREADS.execute(task(module)));
    }

    /** Machine code or PTX, made before what waits to be made where no thread has begun to; what went wrong is thrown at each. */
    byte[] image(Kernel.Module module) {
        FutureTask<byte[]> task = task(module);
        if (!task.isDone()) {
            MAKERS.newThread(task).start(); // does nothing where another has begun
        }
        try {
            return task.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NativeException("waiting for the kernels " + module.id() + " was interrupted");
        }
    }

    private FutureTask<byte[]> task(Kernel.Module module) {
        return images.computeIfAbsent(module, m -> new FutureTask<>(() -> maker.make(m)));
    }

    /** They end when there is nothing to do, and do not keep the JVM from ending. */
    private static Executor threads() {
        int count = Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 8);
        ThreadPoolExecutor threads =
                new ThreadPoolExecutor(count, count, 2, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), MAKERS);
        threads.allowCoreThreadTimeOut(true);
        return threads;
    }
}
