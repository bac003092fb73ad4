package dev.fovea.backend.cpu.products;

import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Tensor;

/**
 * The matrix of a linear layer as it lies in memory.
 *
 * @param outputs N
 * @param inputs K
 * @param transposed whether it lies as (K, N)
 */
public record Weight(DType dtype, long address, int outputs, int inputs, boolean transposed) {
    public static Weight of(Tensor w) {
        return new Weight(w.dtype(), Rows.address(w), w.dim(0), w.dim(1), !w.isContiguous());
    }

    /** Bytes from row to row, as it lies. */
    long stride() {
        return (long) (transposed ? outputs : inputs) * dtype.bytes();
    }

    /** Where element (n, k) lies. */
    public long at(int n, int k) {
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
