package dev.fovea.backend.cpu;

import dev.fovea.error.NativeException;
import dev.fovea.error.Warnings;
import dev.fovea.ffi.NativeLibrary;
import dev.fovea.tensor.DType;
import org.jspecify.annotations.Nullable;

/** Products of a matrix of many rows with a weight: {@code out = x wᵀ + bias}. */
sealed interface Gemm extends AutoCloseable permits JavaGemm, OneDnnGemm {
    /**
     * The one asked for.
     *
     * @throws NativeException if it is oneDNN, which is not there
     */
    static Gemm create(CpuBackend.GemmChoice choice, Workers workers) {
        if (choice == CpuBackend.GemmChoice.JAVA) {
            return new JavaGemm(workers, "as chosen", null);
        }
        NativeLibrary library = OneDnn.LIBRARY;
        if (library.isPresent()) {
            return new OneDnnGemm(workers);
        }
        if (choice == CpuBackend.GemmChoice.ONEDNN) {
            throw new NativeException(
                    "matrix products by oneDNN were asked for, but: " + library,
                    "add the dependency " + OneDnn.DEPENDENCY);
        }
        if (NativeLibrary.platform().equals(OneDnn.PLATFORM)) {
            Warnings.log()
                    .warn("matrices are multiplied in Java, not by oneDNN, which is faster: " + library.where()
                            + (library.where().equals(NativeLibrary.DENIED)
                                    ? ""
                                    : "; add the dependency " + OneDnn.DEPENDENCY));
        }
        return new JavaGemm(workers, library.toString(), DotCode.Found.here().code());
    }

    /**
     * @param x (T, K)
     * @param bias one row (N), or null
     * @param out (T, N), x's dtype
     */
    void multiply(Rows x, Weight w, @Nullable Rows bias, Rows out);

    /** See {@link dev.fovea.tensor.Backend#sharedRows}. */
    default int sharedRows(DType dtype) {
        return 0;
    }

    /** What multiplies tiles of attention for many rows of queries over so many keys of a dtype. */
    TileProducts tile(DType dtype, int keys);

    /** The library and the instructions used, for people. */
    String describe();

    /** What multiplies many rows of a dtype with a weight of it, and why nothing better does; for people. */
    String describe(DType dtype);

    /** oneDNN's dnnl_cpu_isa_t, or 0. */
    default int instructions() {
        return 0;
    }

    @Override
    default void close() {}
}
