package dev.fovea.backend.cuda.device;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.error.MemoryException;
import dev.fovea.error.NativeException;
import dev.fovea.ffi.Cleanup;
import dev.fovea.ffi.NativeLibrary;
import dev.fovea.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** The functions of cuBLASLt (cublasLt.h) that are used. Handles and addresses are {@code long}. */
final class CublasLt {
    private static final NativeLibrary LIBRARY = Libraries.cublasLt()
            .value()
            .orElseGet(
                    () -> NativeLibrary.absent("cuBLASLt", Libraries.cublasLt().line()));

    /** cublasComputeType_t: float32 sums of operands as they are, never TF32. */
    private static final int COMPUTE_32F = 68;

    private static final int OPERATION_TRANSPOSED = 1;

    /** cublasLtMatmulDescAttributes_t. */
    private static final int TRANSPOSE_A = 3;

    private static final int EPILOGUE = 7;
    private static final int BIAS_POINTER = 8;
    private static final int EPILOGUE_BIAS = 4;

    /** cublasLtMatmulPreferenceAttributes_t. */
    private static final int MAX_WORKSPACE = 1;

    private static final int REDUCTION_SCHEMES = 3;
    private static final int ALIGNMENT_OF_A = 5; // and of B, C and D behind it

    private static final int ALLOC_FAILED = 3;
    private static final int ARCH_MISMATCH = 8;

    /** What cannot be done for these sizes and dtypes. */
    private static final int NOT_SUPPORTED = 15;

    /** cublasLtMatmulHeuristicResult_t: an algorithm of 64 bytes, its workspace's size, and what we do not read. */
    static final long RESULT_BYTES = 96;

    private static final MethodHandle CREATE = function("cublasLtCreate", JAVA_LONG);
    private static final MethodHandle DESTROY = function("cublasLtDestroy", JAVA_LONG);
    private static final MethodHandle DESC_CREATE = function("cublasLtMatmulDescCreate", JAVA_LONG, JAVA_INT, JAVA_INT);
    private static final MethodHandle DESC_DESTROY = function("cublasLtMatmulDescDestroy", JAVA_LONG);
    private static final MethodHandle DESC_SET =
            function("cublasLtMatmulDescSetAttribute", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle LAYOUT_CREATE =
            function("cublasLtMatrixLayoutCreate", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle LAYOUT_DESTROY = function("cublasLtMatrixLayoutDestroy", JAVA_LONG);
    private static final MethodHandle PREFERENCE_CREATE = function("cublasLtMatmulPreferenceCreate", JAVA_LONG);
    private static final MethodHandle PREFERENCE_DESTROY = function("cublasLtMatmulPreferenceDestroy", JAVA_LONG);
    private static final MethodHandle PREFERENCE_SET =
            function("cublasLtMatmulPreferenceSetAttribute", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle HEURISTIC = function(
            "cublasLtMatmulAlgoGetHeuristic",
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_INT,
            JAVA_LONG,
            JAVA_LONG);
    private static final MethodHandle MATMUL = function(
            "cublasLtMatmul",
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG);

    private CublasLt() {}

    private static MethodHandle function(String name, MemoryLayout... arguments) {
        return LIBRARY.link(name, FunctionDescriptor.of(JAVA_INT, arguments));
    }

    private static void check(String function, Call call) {
        int status = Call.of(call);
        if (status != 0) {
            String problem = "cuBLASLt: " + function + " failed: " + name(status);
            throw status == ALLOC_FAILED
                    ? new MemoryException(problem, "other programs may hold the GPU's memory: nvidia-smi lists them")
                    : new NativeException(problem, hint(status));
        }
    }

    private static String hint(int status) {
        return switch (status) {
            case 1 -> "nvidia-smi shows the state of the GPU";
            case ARCH_MISMATCH -> "a newer cuBLASLt may know this GPU: fovea doctor shows which one is used";
            default -> "-Dfovea.cuda.wait=true finds out whether something failed before";
        };
    }

    /** cublasStatus_t, as the header names it. */
    private static String name(int status) {
        return switch (status) {
            case 1 -> "CUBLAS_STATUS_NOT_INITIALIZED";
            case ALLOC_FAILED -> "CUBLAS_STATUS_ALLOC_FAILED";
            case 7 -> "CUBLAS_STATUS_INVALID_VALUE";
            case ARCH_MISMATCH -> "CUBLAS_STATUS_ARCH_MISMATCH";
            case 11 -> "CUBLAS_STATUS_MAPPING_ERROR";
            case 13 -> "CUBLAS_STATUS_EXECUTION_FAILED";
            case 14 -> "CUBLAS_STATUS_INTERNAL_ERROR";
            case NOT_SUPPORTED -> "CUBLAS_STATUS_NOT_SUPPORTED";
            case 16 -> "CUBLAS_STATUS_LICENSE_ERROR";
            default -> "cublasStatus_t " + status;
        };
    }

    private static long create(String function, Driver.Asking asking) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment to = arena.allocate(JAVA_LONG);
            check(function, () -> asking.status(to.address()));
            return to.get(JAVA_LONG, 0);
        }
    }

    /** For the context that is current. */
    static long handle() {
        return create("cublasLtCreate", to -> (int) CREATE.invokeExact(to));
    }

    static void destroyHandle(long handle) {
        check("cublasLtDestroy", () -> (int) DESTROY.invokeExact(handle));
    }

    /** A product whose sums are float32. */
    static long product(boolean transposeA, boolean biased) {
        int scale = type(DType.FLOAT32);
        long product = create("cublasLtMatmulDescCreate", to -> (int) DESC_CREATE.invokeExact(to, COMPUTE_32F, scale));
        orDestroyed(() -> destroyProduct(product), () -> {
            if (transposeA) {
                set("cublasLtMatmulDescSetAttribute", DESC_SET, product, TRANSPOSE_A, OPERATION_TRANSPOSED);
            }
            if (biased) {
                set("cublasLtMatmulDescSetAttribute", DESC_SET, product, EPILOGUE, EPILOGUE_BIAS);
            }
        });
        return product;
    }

    /** Sets up what was made, which goes where that fails. */
    private static void orDestroyed(Runnable destroying, Runnable setting) {
        try {
            setting.run();
        } catch (RuntimeException | Error e) {
            Cleanup.after(e, destroying);
            throw e;
        }
    }

    /** The address of the bias on the device, for the next runs. */
    static void setBias(long product, long address) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocateFrom(JAVA_LONG, address);
            check("cublasLtMatmulDescSetAttribute", () ->
                    (int) DESC_SET.invokeExact(product, BIAS_POINTER, value.address(), value.byteSize()));
        }
    }

    static void destroyProduct(long product) {
        check("cublasLtMatmulDescDestroy", () -> (int) DESC_DESTROY.invokeExact(product));
    }

    /** A matrix whose columns are densely packed, {@code stride} elements from one to the next. */
    static long matrix(DType dtype, long rows, long columns, long stride) {
        int type = type(dtype);
        return create(
                "cublasLtMatrixLayoutCreate", to -> (int) LAYOUT_CREATE.invokeExact(to, type, rows, columns, stride));
    }

    static void destroyMatrix(long matrix) {
        check("cublasLtMatrixLayoutDestroy", () -> (int) LAYOUT_DESTROY.invokeExact(matrix));
    }

    /** What algorithms may do: use so much scratch memory, rely on an alignment, and not split sums. */
    static long preference(long workspaceBytes, int alignment) {
        long preference = create("cublasLtMatmulPreferenceCreate", to -> (int) PREFERENCE_CREATE.invokeExact(to));
        orDestroyed(() -> destroyPreference(preference), () -> {
            String function = "cublasLtMatmulPreferenceSetAttribute";
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment bytes = arena.allocateFrom(JAVA_LONG, workspaceBytes);
                check(function, () ->
                        (int) PREFERENCE_SET.invokeExact(preference, MAX_WORKSPACE, bytes.address(), bytes.byteSize()));
            }
            set(function, PREFERENCE_SET, preference, REDUCTION_SCHEMES, 0);
            for (int matrix = 0; matrix < 4; matrix++) {
                set(function, PREFERENCE_SET, preference, ALIGNMENT_OF_A + matrix, alignment);
            }
        });
        return preference;
    }

    static void destroyPreference(long preference) {
        check("cublasLtMatmulPreferenceDestroy", () -> (int) PREFERENCE_DESTROY.invokeExact(preference));
    }

    private static void set(String function, MethodHandle setter, long of, int attribute, int value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment to = arena.allocateFrom(JAVA_INT, value);
            check(function, () -> (int) setter.invokeExact(of, attribute, to.address(), to.byteSize()));
        }
    }

    /**
     * The algorithm that the library thinks the fastest.
     *
     * @param result of {@value #RESULT_BYTES} bytes
     * @return false where it has none
     */
    static boolean choose(long handle, long product, long a, long b, long d, long preference, MemorySegment result) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocate(JAVA_INT);
            int status = Call.of(() -> (int) HEURISTIC.invokeExact(
                    handle, product, a, b, d, d, preference, 1, result.address(), count.address()));
            if (status == NOT_SUPPORTED) {
                return false;
            }
            check("cublasLtMatmulAlgoGetHeuristic", () -> status);
            return count.get(JAVA_INT, 0) > 0;
        }
    }

    /** One run: d = factors[0] a b + factors[1] d, in order of the stream. */
    static void run(
            long handle,
            long product,
            MemorySegment factors,
            long aAddress,
            long a,
            long bAddress,
            long b,
            long dAddress,
            long d,
            MemorySegment algorithm,
            long workspace,
            long workspaceBytes,
            long stream) {
        check("cublasLtMatmul", () -> (int) MATMUL.invokeExact(
                handle,
                product,
                factors.address(),
                aAddress,
                a,
                bAddress,
                b,
                factors.address() + Float.BYTES,
                dAddress,
                d,
                dAddress,
                d,
                algorithm.address(),
                workspace,
                workspaceBytes,
                stream));
    }

    /** cudaDataType_t. */
    private static int type(DType dtype) {
        return switch (dtype) {
            case FLOAT32 -> 0;
            case FLOAT16 -> 2;
            case BFLOAT16 -> 14;
            default -> throw new IllegalArgumentException("no products of " + dtype.torchName());
        };
    }
}
