package dev.fovea.backend.cpu.products;

import dev.fovea.backend.cpu.machine.Isa;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.SharedRows;
import org.jspecify.annotations.Nullable;

/** Products of a matrix of many rows with a weight: {@code out = x wᵀ + bias}. */
public interface Gemm extends AutoCloseable {
    /**
     * @param x (T, K)
     * @param bias one row (N), or null
     * @param out (T, N), x's dtype
     */
    void multiply(Rows x, Weight w, @Nullable Rows bias, Rows out);

    /**
     * Whether {@link #multiply} is for few rows too: as fast as the weight comes from memory, and with the bits of more rows, up to
     * {@link #sharedRows}.
     */
    default boolean takesFew(DType x, DType weight) {
        return false;
    }

    /** See {@link dev.fovea.tensor.Backend#sharedRows}. */
    SharedRows sharedRows(DType dtype);

    /** What multiplies tiles of attention for many rows of queries over so many keys of a dtype. */
    TileProducts tile(DType dtype, int keys);

    /** The library and the instructions used, for people. */
    String describe();

    /** What multiplies few rows where {@link #takesFew}; for people. */
    default String describeFew() {
        return describe();
    }

    /** What multiplies many rows of a dtype with a weight of it, and why nothing better does; for people. */
    String describe(DType dtype);

    /** What multiplies {@link #tile}s; for people. */
    default String describeTiles() {
        return describe();
    }

    /** Whether kernels may use instructions of a kind: in Java alone none. */
    default boolean has(Isa isa) {
        return false;
    }

    @Override
    default void close() {}
}
