package dev.fovea.backend.cpu.products;

import static dev.fovea.tensor.LosslessMatrix.GROUP;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.LosslessMatrix;
import dev.fovea.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The matrix of a linear layer as it lies in memory.
 *
 * @param outputs N
 * @param inputs K
 * @param transposed whether it lies as (K, N)
 * @param lossless its parts where it lies in 12 bits, and then has no address; null otherwise
 */
public record Weight(
        DType dtype,
        long address,
        int outputs,
        int inputs,
        boolean transposed,
        @Nullable LosslessWeight lossless) {
    /** Outputs that a thread widens at once. */
    private static final int WIDENED_OUTPUTS = 16 * GROUP;

    public Weight(DType dtype, long address, int outputs, int inputs, boolean transposed) {
        this(dtype, address, outputs, inputs, transposed, null);
    }

    public static Weight of(Tensor w) {
        return new Weight(w.dtype(), Rows.address(w), w.dim(0), w.dim(1), !w.isContiguous());
    }

    public static Weight of(LosslessMatrix w) {
        return new Weight(DType.BFLOAT16, 0, w.rows(), w.columns(), false, LosslessWeight.of(w));
    }

    /** Bytes of an output's values. */
    long rowBytes() {
        return lossless == null ? (long) inputs * dtype.bytes() : lossless.rowBytes();
    }

    /**
     * The same with values that have addresses: itself, unless they lie in 12 bits.
     *
     * @param near gets them then
     */
    public Weight dense(Workers workers, Buffer near) {
        if (lossless == null) {
            return this;
        }
        long stride = (long) inputs * dtype.bytes();
        long to = near.bytes((long) Math.ceilDiv(outputs, GROUP) * GROUP * stride);
        DotCode code = DotCode.Found.here().code();
        workers.blocks(
                outputs, WIDENED_OUTPUTS, (from, end) -> lossless.widen(from, end - from, to + from * stride, code));
        return new Weight(dtype, to, outputs, inputs, false);
    }

    /** Whether an output's values lie one behind the other as they are. */
    boolean lies() {
        return !transposed && lossless == null;
    }

    /** Bytes from row to row, as it lies. */
    long stride() {
        return (long) (transposed ? outputs : inputs) * dtype.bytes();
    }

    /**
     * Where element (n, k) lies.
     *
     * @throws IllegalStateException where values lie in 12 bits
     */
    public long at(int n, int k) {
        if (lossless != null) {
            throw new IllegalStateException("values in 12 bits have no address");
        }
        long index = transposed ? (long) k * outputs + n : (long) n * inputs + k;
        return address + index * dtype.bytes();
    }

    /**
     * Copies rows from first on to float32 rows of the padded number of inputs, padded with zeros.
     *
     * @param row scratch of a padded row
     */
    void widen(int first, int rows, Rows to, float[] row) {
        if (transposed) {
            widenColumns(first, rows, to);
            return;
        }
        for (int i = 0; i < rows; i++) {
            Lanes.load(dtype, at(first + i, 0), row, 0, inputs);
            to.store(row, i);
        }
    }

    private void widenColumns(int first, int rows, Rows to) {
        float[] columns = new float[Lanes.padded(rows)];
        float[] values = new float[rows * to.width()];
        for (int k = 0; k < inputs; k++) {
            Lanes.load(dtype, at(first, k), columns, 0, rows);
            for (int i = 0; i < rows; i++) {
                values[i * to.width() + k] = columns[i];
            }
        }
        Lanes.store(DType.FLOAT32, values, 0, to.address(), values.length);
    }
}
