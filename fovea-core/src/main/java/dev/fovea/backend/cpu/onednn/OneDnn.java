package dev.fovea.backend.cpu.onednn;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.backend.cpu.machine.Isa;
import dev.fovea.error.NativeException;
import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** The functions of oneDNN 3 (dnnl.h) that are used, with the header's names, and {@code omp_set_num_threads}. */
public final class OneDnn {
    /** The one that an artifact of ours brings the library for. */
    public static final String PLATFORM = "linux-x86_64";

    /** The artifact. */
    public static final String DEPENDENCY = "dev.fovea:fovea-onednn-linux-x86_64";

    public static final NativeLibrary LIBRARY = load();

    private static final int DNNL_CPU = 1;
    private static final int DNNL_STREAM_IN_ORDER = 1;
    private static final int DNNL_SCRATCHPAD_MODE_USER = 1;
    private static final int DNNL_QUERY_SCRATCHPAD_MD = 136;

    /** dnnl_data_type_t. */
    static final int F16 = 1;

    static final int BF16 = 2;
    static final int F32 = 3;

    /** dnnl_format_tag_t. */
    private static final int BA16A64B2A = 384;

    /** dnnl_exec_arg_t: an argument's index and its memory object. */
    static final MemoryLayout EXEC_ARG = MemoryLayout.structLayout(JAVA_INT, MemoryLayout.paddingLayout(4), ADDRESS);

    static final int ARG_SRC = 1;
    static final int ARG_DST = 17;
    static final int ARG_WEIGHTS = 33;
    static final int ARG_BIAS = 41;
    static final int ARG_SCRATCHPAD = 80;

    private static final NativeFunction SET_MAX_CPU_ISA = function("dnnl_set_max_cpu_isa");
    private static final NativeFunction ENGINE_CREATE = function("dnnl_engine_create");
    private static final NativeFunction STREAM_CREATE = function("dnnl_stream_create");
    private static final NativeFunction STREAM_DESTROY = function("dnnl_stream_destroy");
    private static final NativeFunction DESC_CREATE = function("dnnl_memory_desc_create_with_strides");
    private static final NativeFunction DESC_CREATE_WITH_TAG = function("dnnl_memory_desc_create_with_tag");
    private static final NativeFunction DESC_DESTROY = function("dnnl_memory_desc_destroy");
    private static final NativeFunction DESC_SIZE = function("dnnl_memory_desc_get_size");
    private static final NativeFunction ATTR_CREATE = function("dnnl_primitive_attr_create");
    private static final NativeFunction ATTR_SET_SCRATCHPAD_MODE = function("dnnl_primitive_attr_set_scratchpad_mode");
    private static final NativeFunction ATTR_DESTROY = function("dnnl_primitive_attr_destroy");
    private static final NativeFunction MATMUL_DESC_CREATE = function("dnnl_matmul_primitive_desc_create");
    private static final NativeFunction PRIMITIVE_DESC_DESTROY = function("dnnl_primitive_desc_destroy");
    private static final NativeFunction PRIMITIVE_DESC_QUERY_MD = function("dnnl_primitive_desc_query_md");
    private static final NativeFunction PRIMITIVE_CREATE = function("dnnl_primitive_create");
    private static final NativeFunction PRIMITIVE_DESTROY = function("dnnl_primitive_destroy");
    private static final NativeFunction MEMORY_CREATE = function("dnnl_memory_create");
    private static final NativeFunction MEMORY_DESTROY = function("dnnl_memory_destroy");
    private static final NativeFunction PRIMITIVE_EXECUTE = function("dnnl_primitive_execute");
    private static final NativeFunction EFFECTIVE_CPU_ISA = function("dnnl_get_effective_cpu_isa");
    private static final NativeFunction OMP_SET_NUM_THREADS = function("omp_set_num_threads");

    private OneDnn() {}

    private static NativeLibrary load() {
        String platform = NativeLibrary.platform();
        if (!platform.startsWith("linux-")) {
            return NativeLibrary.absent("oneDNN", "no library is bundled for " + platform);
        }
        return NativeLibrary.ofResources(
                "onednn", "org/bytedeco/dnnl/" + platform, List.of("libgomp.so.1", "libdnnl.so.3"));
    }

    private static NativeFunction function(String name) {
        return LIBRARY.function(name);
    }

    private static void check(long result, String what) {
        int status = (int) result;
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

    private static long call(NativeFunction function, long a, long b, long c, long d) {
        return function.call(a, b, c, d, 0, 0);
    }

    /** A call that gets the address of a result in front of these. */
    private static MemorySegment create(
            String what, NativeFunction function, long a, long b, long c, long d, long e, long f) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment result = arena.allocate(ADDRESS);
            check(function.call(result.address(), a, b, c, d, e, f), what);
            return result.get(ADDRESS, 0);
        }
    }

    private static MemorySegment create(String what, NativeFunction function, long a, long b, long c) {
        return create(what, function, a, b, c, 0, 0, 0);
    }

    /** The processor: one for all, which is never destroyed. */
    static MemorySegment engine() {
        return Engine.CPU;
    }

    private static final class Engine {
        private static final MemorySegment CPU = create("dnnl_engine_create", ENGINE_CREATE, DNNL_CPU, 0, 0);
    }

    static MemorySegment stream(MemorySegment engine) {
        return create("dnnl_stream_create", STREAM_CREATE, engine.address(), DNNL_STREAM_IN_ORDER, 0);
    }

    /** A matrix; strides in elements. */
    static MemorySegment matrix(int dataType, long rows, long columns, long rowStride, long columnStride) {
        try (Arena arena = Arena.ofConfined()) {
            long dims = arena.allocateFrom(JAVA_LONG, rows, columns).address();
            long strides =
                    arena.allocateFrom(JAVA_LONG, rowStride, columnStride).address();
            return create("dnnl_memory_desc_create_with_strides", DESC_CREATE, 2, dims, dataType, strides, 0, 0);
        }
    }

    /**
     * A (K, N) matrix in blocks of 64 columns, in which pairs of rows lie beside each other: (N / 64, K / 32, 16, 64, 2), as the
     * products of bfloat16 by AMX and AVX512_BF16 read it; N and K are padded to whole blocks.
     */
    static MemorySegment pairs(int dataType, long rows, long columns) {
        try (Arena arena = Arena.ofConfined()) {
            long dims = arena.allocateFrom(JAVA_LONG, rows, columns).address();
            return create(
                    "dnnl_memory_desc_create_with_tag", DESC_CREATE_WITH_TAG, 2, dims, dataType, BA16A64B2A, 0, 0);
        }
    }

    static long size(MemorySegment descriptor) {
        return call(DESC_SIZE, descriptor.address(), 0, 0, 0);
    }

    /** A matrix product whose scratch memory the caller brings, so that threads may share the primitive. */
    static MemorySegment matmulDescriptor(
            MemorySegment engine, MemorySegment src, MemorySegment weights, MemorySegment bias, MemorySegment dst) {
        MemorySegment attributes = create("dnnl_primitive_attr_create", ATTR_CREATE, 0, 0, 0);
        try {
            check(
                    call(ATTR_SET_SCRATCHPAD_MODE, attributes.address(), DNNL_SCRATCHPAD_MODE_USER, 0, 0),
                    "dnnl_primitive_attr_set_scratchpad_mode");
            return create(
                    "dnnl_matmul_primitive_desc_create",
                    MATMUL_DESC_CREATE,
                    engine.address(),
                    src.address(),
                    weights.address(),
                    bias.address(),
                    dst.address(),
                    attributes.address());
        } finally {
            destroy(ATTR_DESTROY, attributes);
        }
    }

    /** Owned by the primitive descriptor. */
    static MemorySegment scratchpad(MemorySegment primitiveDescriptor) {
        return MemorySegment.ofAddress(
                call(PRIMITIVE_DESC_QUERY_MD, primitiveDescriptor.address(), DNNL_QUERY_SCRATCHPAD_MD, 0, 0));
    }

    static MemorySegment primitive(MemorySegment primitiveDescriptor) {
        return create("dnnl_primitive_create", PRIMITIVE_CREATE, primitiveDescriptor.address(), 0, 0);
    }

    /** A memory object over an address. */
    static MemorySegment memory(MemorySegment descriptor, MemorySegment engine, long address) {
        return create("dnnl_memory_create", MEMORY_CREATE, descriptor.address(), engine.address(), address);
    }

    static void execute(MemorySegment primitive, MemorySegment stream, int count, MemorySegment arguments) {
        check(
                call(PRIMITIVE_EXECUTE, primitive.address(), stream.address(), count, arguments.address()),
                "dnnl_primitive_execute");
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

    private static void destroy(NativeFunction destroyer, MemorySegment what) {
        check(call(destroyer, what.address(), 0, 0, 0), "destruction");
    }

    /** Threads that calls from the current thread use. */
    static void threads(int count) {
        call(OMP_SET_NUM_THREADS, count, 0, 0, 0);
    }

    /** What oneDNN uses of the processor, dnnl_cpu_isa_t, a set of bits; where {@link Isa} has a limit, no more than that. */
    public static int instructions() {
        return Instructions.USED;
    }

    /** The first question fixes the answer, so the limit comes before it. */
    private static final class Instructions {
        private static final int USED = used();

        private static int used() {
            Isa limit = Isa.limit();
            if (limit != null) {
                check(call(SET_MAX_CPU_ISA, limit.oneDnn, 0, 0, 0), "dnnl_set_max_cpu_isa");
            }
            return (int) call(EFFECTIVE_CPU_ISA, 0, 0, 0, 0);
        }
    }
}
