package dev.fovea.backend.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.error.NativeException;
import dev.fovea.ffi.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;

/** The functions of oneDNN 3 (dnnl.h) that are used, with the header's names, and {@code omp_set_num_threads}. */
final class OneDnn {
    /** The one that an artifact of ours brings the library for. */
    static final String PLATFORM = "linux-x86_64";

    /** The artifact. */
    static final String DEPENDENCY = "dev.fovea:fovea-onednn-linux-x86_64";

    static final NativeLibrary LIBRARY = load();

    private static final int DNNL_CPU = 1;
    private static final int DNNL_STREAM_IN_ORDER = 1;
    private static final int DNNL_SCRATCHPAD_MODE_USER = 1;
    private static final int DNNL_QUERY_SCRATCHPAD_MD = 136;

    /** dnnl_data_type_t. */
    static final int F16 = 1;

    static final int BF16 = 2;
    static final int F32 = 3;

    /** dnnl_exec_arg_t: an argument's index and its memory object. */
    static final MemoryLayout EXEC_ARG = MemoryLayout.structLayout(JAVA_INT, MemoryLayout.paddingLayout(4), ADDRESS);

    static final int ARG_SRC = 1;
    static final int ARG_DST = 17;
    static final int ARG_WEIGHTS = 33;
    static final int ARG_BIAS = 41;
    static final int ARG_SCRATCHPAD = 80;

    private static final MethodHandle ENGINE_CREATE = function("dnnl_engine_create", ADDRESS, JAVA_INT, JAVA_LONG);
    private static final MethodHandle STREAM_CREATE = function("dnnl_stream_create", ADDRESS, ADDRESS, JAVA_INT);
    private static final MethodHandle STREAM_DESTROY = function("dnnl_stream_destroy", ADDRESS);
    private static final MethodHandle DESC_CREATE =
            function("dnnl_memory_desc_create_with_strides", ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS);
    private static final MethodHandle DESC_DESTROY = function("dnnl_memory_desc_destroy", ADDRESS);
    private static final MethodHandle DESC_SIZE =
            LIBRARY.link("dnnl_memory_desc_get_size", FunctionDescriptor.of(JAVA_LONG, ADDRESS));
    private static final MethodHandle ATTR_CREATE = function("dnnl_primitive_attr_create", ADDRESS);
    private static final MethodHandle ATTR_SET_SCRATCHPAD_MODE =
            function("dnnl_primitive_attr_set_scratchpad_mode", ADDRESS, JAVA_INT);
    private static final MethodHandle ATTR_DESTROY = function("dnnl_primitive_attr_destroy", ADDRESS);
    private static final MethodHandle MATMUL_DESC_CREATE = function(
            "dnnl_matmul_primitive_desc_create", ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
    private static final MethodHandle PRIMITIVE_DESC_DESTROY = function("dnnl_primitive_desc_destroy", ADDRESS);
    private static final MethodHandle PRIMITIVE_DESC_QUERY_MD =
            LIBRARY.link("dnnl_primitive_desc_query_md", FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT, JAVA_INT));
    private static final MethodHandle PRIMITIVE_CREATE = function("dnnl_primitive_create", ADDRESS, ADDRESS);
    private static final MethodHandle PRIMITIVE_DESTROY = function("dnnl_primitive_destroy", ADDRESS);
    private static final MethodHandle MEMORY_CREATE =
            function("dnnl_memory_create", ADDRESS, ADDRESS, ADDRESS, ADDRESS);
    private static final MethodHandle MEMORY_DESTROY = function("dnnl_memory_destroy", ADDRESS);
    private static final MethodHandle PRIMITIVE_EXECUTE =
            function("dnnl_primitive_execute", ADDRESS, ADDRESS, JAVA_INT, ADDRESS);
    private static final MethodHandle EFFECTIVE_CPU_ISA =
            LIBRARY.link("dnnl_get_effective_cpu_isa", FunctionDescriptor.of(JAVA_INT));
    private static final MethodHandle OMP_SET_NUM_THREADS =
            LIBRARY.link("omp_set_num_threads", FunctionDescriptor.ofVoid(JAVA_INT));

    private OneDnn() {}

    private static NativeLibrary load() {
        String platform = NativeLibrary.platform();
        if (!platform.startsWith("linux-")) {
            return NativeLibrary.absent("oneDNN", "no library is bundled for " + platform);
        }
        return NativeLibrary.ofResources(
                "onednn", "org/bytedeco/dnnl/" + platform, List.of("libgomp.so.1", "libdnnl.so.3"));
    }

    private static MethodHandle function(String name, MemoryLayout... arguments) {
        return LIBRARY.link(name, FunctionDescriptor.of(JAVA_INT, arguments));
    }

    private static void check(int status, String what) {
        if (status != 0) {
            throw new NativeException("oneDNN: " + what + " failed with " + status + ", "
                    + switch (status) {
                        case 1 -> "dnnl_out_of_memory";
                        case 2 -> "dnnl_invalid_arguments";
                        case 3 -> "dnnl_unimplemented";
                        case 5 -> "dnnl_runtime_error";
                        default -> "see dnnl_status_t";
                    });
        }
    }

    /** What calls into native code may throw that is not a RuntimeException never occurs. */
    private static RuntimeException unexpected(Throwable e) {
        return e instanceof RuntimeException r ? r : new IllegalStateException(e);
    }

    private interface Creation {
        int create(MemorySegment result) throws Throwable;
    }

    private static MemorySegment create(String what, Creation creation) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment result = arena.allocate(ADDRESS);
            check(creation.create(result), what);
            return result.get(ADDRESS, 0);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** The processor: one for all, which is never destroyed. */
    static MemorySegment engine() {
        return Engine.CPU;
    }

    private static final class Engine {
        private static final MemorySegment CPU =
                create("dnnl_engine_create", to -> (int) ENGINE_CREATE.invokeExact(to, DNNL_CPU, 0L));
    }

    static MemorySegment stream(MemorySegment engine) {
        return create("dnnl_stream_create", to -> (int) STREAM_CREATE.invokeExact(to, engine, DNNL_STREAM_IN_ORDER));
    }

    /** A matrix; strides in elements. */
    static MemorySegment matrix(int dataType, long rows, long columns, long rowStride, long columnStride) {
        return create("dnnl_memory_desc_create_with_strides", to -> {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment dims = arena.allocateFrom(JAVA_LONG, rows, columns);
                MemorySegment strides = arena.allocateFrom(JAVA_LONG, rowStride, columnStride);
                return (int) DESC_CREATE.invokeExact(to, 2, dims, dataType, strides);
            }
        });
    }

    static long size(MemorySegment descriptor) {
        try {
            return (long) DESC_SIZE.invokeExact(descriptor);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** A matrix product whose scratch memory the caller brings, so that threads may share the primitive. */
    static MemorySegment matmulDescriptor(
            MemorySegment engine, MemorySegment src, MemorySegment weights, MemorySegment bias, MemorySegment dst) {
        MemorySegment attributes = create("dnnl_primitive_attr_create", to -> (int) ATTR_CREATE.invokeExact(to));
        try {
            check(
                    (int) ATTR_SET_SCRATCHPAD_MODE.invokeExact(attributes, DNNL_SCRATCHPAD_MODE_USER),
                    "dnnl_primitive_attr_set_scratchpad_mode");
            return create("dnnl_matmul_primitive_desc_create", to ->
                    (int) MATMUL_DESC_CREATE.invokeExact(to, engine, src, weights, bias, dst, attributes));
        } catch (Throwable e) {
            throw unexpected(e);
        } finally {
            destroy(ATTR_DESTROY, attributes);
        }
    }

    /** Owned by the primitive descriptor. */
    static MemorySegment scratchpad(MemorySegment primitiveDescriptor) {
        try {
            return (MemorySegment)
                    PRIMITIVE_DESC_QUERY_MD.invokeExact(primitiveDescriptor, DNNL_QUERY_SCRATCHPAD_MD, 0);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static MemorySegment primitive(MemorySegment primitiveDescriptor) {
        return create("dnnl_primitive_create", to -> (int) PRIMITIVE_CREATE.invokeExact(to, primitiveDescriptor));
    }

    /** A memory object over an address. */
    static MemorySegment memory(MemorySegment descriptor, MemorySegment engine, long address) {
        MemorySegment handle = MemorySegment.ofAddress(address);
        return create("dnnl_memory_create", to -> (int) MEMORY_CREATE.invokeExact(to, descriptor, engine, handle));
    }

    static void execute(MemorySegment primitive, MemorySegment stream, int count, MemorySegment arguments) {
        try {
            check((int) PRIMITIVE_EXECUTE.invokeExact(primitive, stream, count, arguments), "dnnl_primitive_execute");
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static void destroyMemory(MemorySegment memory) {
        destroy(MEMORY_DESTROY, memory);
    }

    static void destroyStream(MemorySegment stream) {
        destroy(STREAM_DESTROY, stream);
    }

    static void destroyMatrix(MemorySegment descriptor) {
        destroy(DESC_DESTROY, descriptor);
    }

    static void destroyDescriptor(MemorySegment primitiveDescriptor) {
        destroy(PRIMITIVE_DESC_DESTROY, primitiveDescriptor);
    }

    static void destroyPrimitive(MemorySegment primitive) {
        destroy(PRIMITIVE_DESTROY, primitive);
    }

    private static void destroy(MethodHandle destroyer, MemorySegment what) {
        try {
            check((int) destroyer.invokeExact(what), "destruction");
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Threads that calls from the current thread use. */
    static void threads(int count) {
        try {
            OMP_SET_NUM_THREADS.invokeExact(count);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** dnnl_cpu_isa_t, a set of bits. */
    static int instructions() {
        try {
            return (int) EFFECTIVE_CPU_ISA.invokeExact();
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }
}
