package dev.fovea.backend.cuda.device;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.ffi.Cleanup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.HashMap;
import java.util.List;
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
    private static final MethodHandle LAUNCH =
            Driver.function("cuLaunchKernelEx", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle GLOBAL =
            Driver.function("cuModuleGetGlobal_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

    /** CUlaunchConfig: seven numbers of blocks, threads and shared bytes, the stream, attributes and how many. */
    private static final long CONFIG_BYTES = 56;

    private static final int SHARED_AT = 6;
    private static final long STREAM_AT = 32;
    private static final long ATTRIBUTES_AT = 40;
    private static final long COUNT_AT = 48;

    /** CUlaunchAttribute: its number, and its value. */
    private static final long ATTRIBUTE_BYTES = 72;

    private static final int PROGRAMMATIC_STREAM_SERIALIZATION = 6;
    private static final long VALUE_AT = 8;

    /** Unless the system property {@code fovea.cuda.dependent} is false. */
    private static final boolean DEPENDENT = !"false".equals(System.getProperty("fovea.cuda.dependent"));

    /** What prelude.cu has in modules whose kernels all await the kernel before. */
    private static final String DEPENDENT_MARK = "dependent";

    private final KernelCode code;
    private final long stream;
    private final Map<Kernel.Module, Loaded> modules = new HashMap<>();
    private final Map<Kernel, Function> functions = new HashMap<>();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment arguments = arena.allocate(MOST_ARGUMENT_BYTES, 64);
    private final MemorySegment argumentBytes = arena.allocate(JAVA_LONG);
    private final MemorySegment config = arena.allocate(CONFIG_BYTES, 8);
    private final MemorySegment extra = arena.allocateFrom(
            JAVA_LONG, BUFFER_POINTER, arguments.address(), BUFFER_SIZE, argumentBytes.address(), 0L);

    Launcher(KernelCode code, long stream) {
        this.code = code;
        this.stream = stream;
        MemorySegment attribute = arena.allocate(ATTRIBUTE_BYTES, 8);
        attribute.set(JAVA_INT, 0, PROGRAMMATIC_STREAM_SERIALIZATION);
        attribute.set(JAVA_INT, VALUE_AT, 1);
        config.set(JAVA_LONG, STREAM_AT, stream);
        config.set(JAVA_LONG, ATTRIBUTES_AT, attribute.address());
    }

    /** @param isDependent whether its kernels may begin before the kernel before has ended */
    private record Loaded(long module, boolean isDependent) {}

    private record Function(long handle, boolean isDependent) {}

    /**
     * Puts a launch into the stream; the arguments are copied.
     *
     * @param early whether the kernel may begin while the one before it still runs, where it is written so
     */
    void launch(Kernel kernel, Device.Grid grid, byte[] bytes, boolean early) {
        Function function = function(kernel);
        MemorySegment.copy(bytes, 0, arguments, JAVA_BYTE, 0, bytes.length);
        argumentBytes.set(JAVA_LONG, 0, bytes.length);
        int[] sizes = {grid.x(), grid.y(), grid.z(), kernel.threads(), 1, 1, kernel.sharedBytes()};
        MemorySegment.copy(sizes, 0, config, JAVA_INT, 0, SHARED_AT + 1);
        config.set(JAVA_INT, COUNT_AT, early && DEPENDENT && function.isDependent ? 1 : 0);
        Driver.check(
                () -> "the launch of " + kernel.entry() + " of "
                        + kernel.module().id(),
                () -> (int) LAUNCH.invokeExact(config.address(), function.handle, 0L, extra.address()));
    }

    /** Waits for a kernel, and so finds out that it was the one that failed. */
    void await(Kernel kernel) {
        Driver.check(kernel.entry() + " of " + kernel.module().id(), () -> Streams.status(stream));
    }

    /** The kernel, loaded; the first use of a module waits for its code. */
    private Function function(Kernel kernel) {
        Function known = functions.get(kernel);
        if (known == null) {
            Loaded loaded = modules.get(kernel.module());
            if (loaded == null) {
                long module = load(kernel.module());
                loaded = new Loaded(module, isDependent(module));
                modules.put(kernel.module(), loaded);
            }
            known = new Function(find(kernel, loaded.module), loaded.isDependent);
            functions.put(kernel, known);
        }
        return known;
    }

    private static boolean isDependent(long module) {
        try (Arena names = Arena.ofConfined()) {
            MemorySegment mark = names.allocateFrom(DEPENDENT_MARK);
            MemorySegment address = names.allocate(JAVA_LONG);
            return Call.of(() -> (int) GLOBAL.invokeExact(address.address(), 0L, module, mark.address())) == 0;
        }
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
                throw said.isBlank() ? e : e.with(said.strip());
            }
        }
    }

    @Override
    public void close() {
        List<Loaded> all = List.copyOf(modules.values());
        modules.clear();
        functions.clear();
        arena.close();
        Cleanup.each(all, loaded -> Driver.check("cuModuleUnload", () -> (int) UNLOAD.invokeExact(loaded.module)));
    }
}
