package dev.fovea.backend.cpu.products;

import static dev.fovea.tensor.LosslessMatrix.GROUP;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Some rows of a weight, and their products with rows of x. Rows that the kernels can read lie where they lie, but for the last one to
 * three, which are copied; the others are copied as float32: the transposed, those with a length that is no multiple of a vector's, and
 * float16 for more than two rows of x without machine code. Copies are memory of the current thread.
 */
final class Panel {
    private static final ThreadLocal<Panel> MINE = ThreadLocal.withInitial(Panel::new);

    /** Rows of x up to which a column each is faster than a tile. */
    private static final int COLUMNS = 2;

    /** Bytes of values in 12 bits that are widened at once, so that they are in the second-level cache when rows of x meet them. */
    private static final int WIDENED_BYTES = 1 << 16;

    private final Buffer copies = new Buffer();
    private final Buffer widened = new Buffer();
    private final float[] tile = new float[Dot.SIDE * Dot.SIDE];
    private float[] row = {};
    private float[] line = {};
    private float[] biases = {};
    private int step;

    private Panel() {}

    /**
     * Rows of x as {@link #multiply} takes them: padded with zeros to whole vectors, in float32 but for machine code that {@linkplain
     * DotCode#takes takes them as they lie}.
     */
    record Strip(DType dtype, long address, int count, int pitch) {
        static Strip of(Rows x, Buffer buffer, @Nullable DotCode code) {
            if (code != null && code.takes(x)) {
                return new Strip(x.dtype(), dense(x, buffer), x.count(), x.width());
            }
            if (code == null || x.width() == 0 || x.width() != Lanes.padded(x.width())) {
                return of(x, 0, x.count(), buffer);
            }
            Rows wide = rows(x.count(), x.width(), buffer);
            code.widen(x, wide);
            return new Strip(DType.FLOAT32, wide.address(), x.count(), x.width());
        }

        static Strip of(Rows x, int from, int to, Buffer buffer) {
            int pitch = Lanes.padded(x.width());
            Rows strip = rows(to - from, pitch, buffer);
            float[] row = new float[pitch];
            for (int t = from; t < to; t++) {
                x.load(t, row);
                strip.store(row, t - from);
            }
            return new Strip(DType.FLOAT32, strip.address(), to - from, pitch);
        }

        /** Where rows lie one behind the other. */
        private static long dense(Rows x, Buffer buffer) {
            long rowBytes = (long) x.width() * x.dtype().bytes();
            if (x.count() == 1 || x.stride() == rowBytes) {
                return x.address();
            }
            long to = buffer.bytes(x.count() * rowBytes);
            for (int i = 0; i < x.count(); i++) {
                MemorySegment.copy(Lanes.MEMORY, x.row(i), Lanes.MEMORY, to + i * rowBytes, rowBytes);
            }
            return to;
        }

        private static Rows rows(int count, int pitch, Buffer buffer) {
            int tiled = Math.ceilDiv(count, Dot.SIDE) * Dot.SIDE; // the last tile may read beyond the last row
            return new Rows(DType.FLOAT32, buffer.floats((long) tiled * pitch), count, pitch, 4L * pitch);
        }

        long row(int i) {
            return address + i * rowBytes();
        }

        long rowBytes() {
            return (long) pitch * dtype.bytes();
        }
    }

    /**
     * Writes the outputs first to first + rows - 1 for all rows of x.
     *
     * @param bias of all outputs, or null
     * @param at the row of out that x begins at
     * @param code what multiplies in machine code, or null
     */
    static void multiply(
            Strip x, Weight w, int first, int rows, @Nullable Rows bias, Rows out, int at, @Nullable DotCode code) {
        Panel panel = MINE.get();
        LosslessWeight lossless = w.lossless();
        if (lossless != null) {
            panel.lossless(x, w, lossless, first, rows, bias, out, at, code);
            return;
        }
        boolean reads = w.dtype() != DType.FLOAT16 || code != null || x.count() <= COLUMNS;
        boolean direct = reads && w.lies() && w.inputs() == x.pitch() && w.inputs() > 0;
        int whole = direct ? rows / Dot.SIDE * Dot.SIDE : 0;
        if (whole > 0) {
            long stride = (long) w.inputs() * w.dtype().bytes();
            Rows lying = new Rows(w.dtype(), w.at(first, 0), whole, w.inputs(), stride);
            panel.products(x, lying, first, bias, out, at, code);
        }
        if (whole < rows) {
            int from = first + whole;
            Rows rest = direct ? panel.copy(w, from, rows - whole) : panel.widened(w, from, rows - whole);
            panel.products(x, rest, from, bias, out, at, code);
        }
    }

    /** Values that meet rows of x as machine code reads them; else some outputs at a time are widened and near. */
    private void lossless(
            Strip x,
            Weight w,
            LosslessWeight lossless,
            int first,
            int rows,
            @Nullable Rows bias,
            Rows out,
            int at,
            @Nullable DotCode code) {
        int together = code == null ? 0 : code.meetsLossless(x);
        if (code != null && together > 0) {
            boolean pairs = together > 1;
            products(
                    x,
                    first,
                    rows,
                    together,
                    bias,
                    out,
                    at,
                    (t, count) -> code.lossless().multiply(lossless, first, rows, x, t, count, pairs, line, step));
            return;
        }
        long rowBytes = (long) w.inputs() * w.dtype().bytes();
        int most = (int) Math.max(1, WIDENED_BYTES / Math.max(1, rowBytes) / GROUP) * GROUP;
        for (int i = 0; i < rows; i += most) {
            int count = Math.min(most, rows - i);
            long near = widened.bytes(most * rowBytes);
            lossless.widen(first + i, count, near, code);
            long before = near - (first + i) * rowBytes; // where output 0 would lie
            Weight dense = new Weight(w.dtype(), before, w.outputs(), w.inputs(), false);
            multiply(x, dense, first + i, count, bias, out, at, code);
        }
    }

    /** Rows as they lie, and room behind them for whole groups: in another dtype the last outputs would be summed in another way. */
    private Rows copy(Weight w, int first, int rows) {
        long stride = w.stride();
        long to = copies.bytes((long) Math.ceilDiv(rows, Dot.SIDE) * Dot.SIDE * stride);
        MemorySegment.copy(Lanes.MEMORY, w.at(first, 0), Lanes.MEMORY, to, rows * stride);
        return new Rows(w.dtype(), to, rows, w.inputs(), stride);
    }

    private Rows widened(Weight w, int first, int rows) {
        int pitch = Lanes.padded(w.inputs());
        long to = copies.floats((long) Math.ceilDiv(rows, Dot.SIDE) * Dot.SIDE * pitch);
        Rows copy = new Rows(DType.FLOAT32, to, rows, pitch, 4L * pitch);
        row = Lanes.atLeast(row, pitch);
        w.widen(first, rows, copy, row);
        return copy;
    }

    private void products(Strip x, Rows w, int first, @Nullable Rows bias, Rows out, int at, @Nullable DotCode code) {
        int most = code == null ? Dot.SIDE : Math.max(Dot.SIDE, code.most(w.dtype(), x));
        products(x, first, w.count(), most, bias, out, at, (t, count) -> {
            if (code != null) {
                code.multiply(w, x, t, count, line, 0, step);
            } else {
                products(x, t, count, w);
            }
        });
    }

    /** Of so many rows of x from one on, to the line. */
    private interface Products {
        void run(int t, int count);
    }

    private void products(
            Strip x, int first, int rows, int most, @Nullable Rows bias, Rows out, int at, Products products) {
        step = Lanes.padded(rows);
        line = Lanes.atLeast(line, most * step);
        loadBias(bias, first, rows);
        for (int t = 0; t < x.count(); t += most) {
            int valid = Math.min(most, x.count() - t);
            products.run(t, valid);
            for (int j = 0; j < valid; j++) {
                for (int i = 0; i < rows; i++) {
                    line[j * step + i] += biases[i];
                }
                long to = out.row(at + t + j) + (long) first * out.dtype().bytes();
                Lanes.store(out.dtype(), line, j * step, to, rows);
            }
        }
    }

    /** Zeros where there is none: they make a product of minus zero the zero that it is with any bias. */
    private void loadBias(@Nullable Rows bias, int first, int count) {
        biases = Lanes.atLeast(biases, step);
        if (bias == null) {
            Arrays.fill(biases, 0, count, 0);
        } else {
            Lanes.load(
                    bias.dtype(), bias.address() + (long) first * bias.dtype().bytes(), biases, 0, count);
        }
    }

    private void products(Strip x, int t, int valid, Rows w) {
        for (int n = 0; n < w.count(); n += Dot.SIDE) {
            if (valid <= COLUMNS) {
                columns(x, t, valid, w, n);
            } else {
                tile(x, t, valid, w, n);
            }
        }
    }

    private void columns(Strip x, int t, int valid, Rows w, int n) {
        for (int j = 0; j < valid; j++) {
            Dot.column(w.dtype(), w.row(n), w.stride(), x.row(t + j), x.pitch(), line, j * step + n);
        }
    }

    /** Beyond the last row of either side come values that nobody stores. */
    private void tile(Strip x, int t, int valid, Rows w, int n) {
        Dot.tile(w.dtype(), w.row(n), w.stride(), x.row(t), 4L * x.pitch(), x.pitch(), tile);
        for (int j = 0; j < valid; j++) {
            System.arraycopy(tile, j * Dot.SIDE, line, j * step + n, Dot.SIDE);
        }
    }
}
