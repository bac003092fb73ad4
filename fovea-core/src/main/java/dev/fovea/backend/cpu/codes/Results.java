package dev.fovea.backend.cpu.codes;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.RowMath;
import dev.fovea.backend.cpu.rows.Rows;

/** A thread's scratch for sums of products, on their way to a tensor. */
final class Results {
    private final Buffer memory = new Buffer();
    private float[] line = {};
    private float[] bias = {};

    long bytes(long count) {
        return memory.bytes(count);
    }

    /** Reads a row's results. */
    void read(long sums, int count) {
        line = Lanes.atLeast(line, Lanes.padded(count));
        Lanes.copy(sums, line, 0, count);
    }

    /** Adds the bias of so many outputs from the first on and rounds to the result's row. */
    void store(CodeProduct product, int row, int first, int count) {
        Rows b = product.bias();
        if (b != null) {
            bias = Lanes.atLeast(bias, Lanes.padded(count));
            Lanes.load(b.dtype(), b.address() + (long) first * b.dtype().bytes(), bias, 0, count);
            RowMath.add(line, bias, count);
        }
        Rows out = product.out();
        Lanes.store(
                out.dtype(), line, 0, out.row(row) + (long) first * out.dtype().bytes(), count);
    }
}
