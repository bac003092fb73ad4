package dev.fovea.backend.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.error.NativeException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.HashMap;
import java.util.Map;

/** Loads kernels into the current context and launches them. For one thread at a time. */
final class Launcher implements AutoCloseable {
    private static final int ERROR_LOG = 5;
    private static final int ERROR_LOG_BYTES = 6;
    private static final int LOG_BYTES = 8192;
    private static final int MAX_DYNAMIC_SHARED = 8;

    /** Of shared memory, what every kernel may have without asking. */
    private static final int PLAIN_SHARED = 48 << 10;

    private static final int MOST_ARGUMENT_BYTES = 4096;

    /** CU_LAUNCH_PARAM_BUFFER_POINTER, CU_LAUNCH_PARAM_BUFFER_SIZE and the end of the list. */
    private static final long BUFFER_POINTER = 1;

    private static final long BUFFER_SIZE = 2;

    private static final MethodHandle LOAD =
            Driver.function("cuModuleLoadDataEx", JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle UNLOAD = Driver.function("cuModuleUnload", JAVA_LONG);
    private static final MethodHandle FUNCTION =
            Driver.function("cuModuleGetFunction", JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SET_ATTRIBUTE =
            Driver.function("cuFuncSetAttribute", JAVA_LONG, JAVA_INT, JAVA_INT);
    private static final MethodHandle LAUNCH = Driver.function(
            "cuLaunchKernel",
            JAVA_LONG,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG);

    private final KernelCode code;
    private final long stream;
    private final Map<Kernel.Module, Long> modules = new HashMap<>();
    private final Map<Kernel, Long> functions = new HashMap<>();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment arguments = arena.allocate(MOST_ARGUMENT_BYTES, 64);
    private final MemorySegment argumentBytes = arena.allocate(JAVA_LONG);
    private final MemorySegment extra = arena.allocateFrom(
            JAVA_LONG, BUFFER_POINTER, arguments.address(), BUFFER_SIZE, argumentBytes.address(), 0L);

    Launcher(KernelCode code, long stream) {
        this.code = code;
        this.stream = stream;
    }

    /** Puts a launch into the stream; the arguments are copied. */
    void launch(Kernel kernel, Device.Grid grid, byte[] bytes) {
        long function = function(kernel);
        MemorySegment.copy(bytes, 0, arguments, JAVA_BYTE, 0, bytes.length);
        argumentBytes.set(JAVA_LONG, 0, bytes.length);
        Driver.check(
                "the launch of " + kernel.entry() + " of " + kernel.module().id(), () -> (int) LAUNCH.invokeExact(
                        function,
                        grid.x(),
                        grid.y(),
                        grid.z(),
                        kernel.threads(),
                        1,
                        1,
                        kernel.sharedBytes(),
                        stream,
                        0L,
                        extra.address()));
    }

    /** Waits for a kernel, and so finds out that it was the one that failed. */
    void await(Kernel kernel) {
        Driver.check(kernel.entry() + " of " + kernel.module().id(), () -> Streams.status(stream));
    }

    /** The kernel, loaded; the first use of a module waits for its code. */
    long function(Kernel kernel) {
        Long known = functions.get(kernel);
        if (known != null) {
            return known;
        }
        Long loaded = modules.get(kernel.module());
        long module = loaded != null ? loaded : load(kernel.module());
        modules.put(kernel.module(), module);
        long function = find(kernel, module);
        functions.put(kernel, function);
        return function;
    }

    private static long find(Kernel kernel, long module) {
        try (Arena names = Arena.ofConfined()) {
            MemorySegment entry = names.allocateFrom(kernel.entry());
            long function = Driver.ask("cuModuleGetFunction(" + kernel.entry() + ")", to ->
                    (int) FUNCTION.invokeExact(to, module, entry.address()));
            if (kernel.sharedBytes() > PLAIN_SHARED) {
                Driver.check("cuFuncSetAttribute", () ->
                        (int) SET_ATTRIBUTE.invokeExact(function, MAX_DYNAMIC_SHARED, kernel.sharedBytes()));
            }
            return function;
        }
    }

    private long load(Kernel.Module module) {
        byte[] image = code.image(module);
        try (Arena loading = Arena.ofConfined()) {
            MemorySegment data = loading.allocate(image.length, 64).copyFrom(MemorySegment.ofArray(image));
            MemorySegment log = loading.allocate(LOG_BYTES);
            MemorySegment options = loading.allocateFrom(JAVA_INT, ERROR_LOG, ERROR_LOG_BYTES);
            MemorySegment values = loading.allocate(ADDRESS, 2);
            values.setAtIndex(ADDRESS, 0, log);
            values.setAtIndex(JAVA_LONG, 1, LOG_BYTES);
            try {
                return Driver.ask("loading the kernel module " + module.id(), to ->
                        (int) LOAD.invokeExact(to, data.address(), 2, options.address(), values.address()));
            } catch (CudaException e) {
                String said = log.getString(0);
                throw said.isBlank() ? e : new NativeException(e.problem() + ": " + said, e.hint(), e);
            }
        }
    }

    @Override
    public void close() {
        modules.values()
                .forEach(module -> Driver.check("cuModuleUnload", () -> (int) UNLOAD.invokeExact((long) module)));
        modules.clear();
        functions.clear();
        arena.close();
    }
}
