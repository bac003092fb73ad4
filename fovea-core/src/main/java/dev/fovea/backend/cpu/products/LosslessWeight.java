package dev.fovea.backend.cpu.products;

import static dev.fovea.tensor.LosslessMatrix.BLOCK;
import static dev.fovea.tensor.LosslessMatrix.BLOCK_BYTES;
import static dev.fovea.tensor.LosslessMatrix.GROUP;

import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.LosslessMatrix;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a {@link LosslessMatrix} at addresses that were checked once.
 *
 * @param last row of raw
 */
record LosslessWeight(long codes, long bases, long raw, int last, int blocks) {
    static LosslessWeight of(LosslessMatrix w) {
        return new LosslessWeight(
                Rows.address(w.codes()),
                Rows.address(w.bases()),
                Rows.address(w.raw()),
                w.raw().dim(0) - 1,
                w.columns() / BLOCK);
    }

    /** Bytes of an output's values, but for those that are kept as they are. */
    long rowBytes() {
        return (long) blocks * (BLOCK_BYTES + GROUP) / GROUP;
    }

    /**
     * Copies some blocks of rows from a multiple of {@link LosslessMatrix#GROUP} on to rows of bfloat16. What lies behind the last, up to
     * such a multiple, is written too.
     *
     * @param stride bytes from row to row of the copy
     * @param code what does it in machine code, or null
     */
    void widen(int first, int rows, int block, int blocks, long to, long stride, @Nullable DotCode code) {
        if (code == null) {
            PlainLossless.widen(this, first, rows, block, blocks, to, stride);
        } else {
            code.lossless().widen(this, first, rows, block, blocks, to, stride);
        }
    }

    /** All blocks of them, one row behind the other. */
    void widen(int first, int rows, long to, @Nullable DotCode code) {
        widen(first, rows, 0, blocks, to, (long) blocks * BLOCK * Short.BYTES, code);
    }

    /** Where a block of a group of rows lies. */
    long codes(int group, int block) {
        return codes + ((long) group * blocks + block) * BLOCK_BYTES;
    }

    /** Where its bases do. */
    long bases(int group, int block) {
        return bases + ((long) group * blocks + block) * GROUP;
    }
}
