package dev.fovea.backend.cpu.products;

import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * Products of many rows by {@link ProductCode}. x is packed once; then each thread brings a part of the weight near, some outputs
 * and some of K at a time, and lets all rows of x pass it. Calls take turns.
 */
final class PackedProducts {
    /** Rows of x that meet a part of the weight, at most: their sums stay in the second-level cache. */
    private static final int PIECE_ROWS = 256;

    /** Outputs of a piece, at most. */
    private static final int PIECE_OUTPUTS = 192;

    /** Outputs of a piece, at least: a multiple of all groups but those of tiles. */
    private static final int LEAST_OUTPUTS = 24;

    /** Pieces for each thread, where there are outputs enough, so that none waits long for the last. */
    private static final int PIECES = 4;

    /** Bytes of packed x, at most. */
    private static final long PACKED_BYTES = 1L << 26;

    private final Workers workers;
    private final ProductCode code;
    private final ProductCode.Arithmetic form;
    private final TurningCode turning = new TurningCode();
    private final Packing packing;
    private final Buffer packed = new Buffer();
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

    /** @param widening what makes float32 of the other dtypes */
    PackedProducts(Workers workers, ProductCode.Arithmetic form, DotCode widening) {
        this.workers = workers;
        this.form = form;
        code = new ProductCode(form);
        packing = new Packing(form, widening, turning);
    }

    /** A thread's memory. */
    private static final class Scratch {
        private final Buffer weight = new Buffer();
        private final Buffer sums = new Buffer();
        private final Buffer lines = new Buffer();
        private float[] line = {};
        private float[] bias = {};
    }

    synchronized void multiply(Rows x, Weight w, @Nullable Rows bias, Rows out) {
        int words = packing.words(w.inputs());
        long rowBytes = (long) words * Float.BYTES;
        int strip = (int) Math.max(1, PACKED_BYTES / rowBytes / PIECE_ROWS) * PIECE_ROWS;
        for (int row = 0; row < x.count(); row += strip) {
            multiply(part(x, row, strip), words, w, bias, part(out, row, strip));
        }
    }

    private static Rows part(Rows rows, int first, int count) {
        return new Rows(
                rows.dtype(), rows.row(first), Math.min(count, rows.count() - first), rows.width(), rows.stride());
    }

    private void multiply(Rows x, int words, Weight w, @Nullable Rows bias, Rows out) {
        int panels = Math.ceilDiv(x.count(), form.rows);
        long wide = (long) form.rows * Float.BYTES;
        long panelBytes = words * wide;
        long at = packed.bytes(panels * panelBytes);
        int parts = Math.ceilDiv(words, form.words);
        workers.run(panels * parts, i -> {
            int word = i % parts * form.words;
            long to = at + i / parts * panelBytes + word * wide;
            packing.x(x, i / parts * form.rows, word, Math.min(form.words, words - word), to);
        });
        int perPiece = Math.min(panels, PIECE_ROWS / form.rows);
        int rowPieces = Math.ceilDiv(panels, perPiece);
        int outputs = outputs(w.outputs() * (long) rowPieces);
        workers.run(Math.ceilDiv(w.outputs(), outputs) * rowPieces, i -> {
            int first = i / rowPieces * outputs;
            int panel = i % rowPieces * perPiece;
            Piece piece = new Piece(
                    first,
                    Math.min(outputs, w.outputs() - first),
                    at + panel * panelBytes,
                    words,
                    Math.min(perPiece, panels - panel));
            piece.add(w);
            piece.store(bias, part(out, panel * form.rows, perPiece * form.rows));
        });
    }

    /** Of a piece. */
    private int outputs(long all) {
        int least = Math.max(LEAST_OUTPUTS, form.outputs);
        long shared = Math.ceilDiv(all, (long) PIECES * workers.count());
        return Math.ceilDiv((int) Math.min(shared, PIECE_OUTPUTS), least) * least;
    }

    /** Sums of some outputs for some panels of x, in memory of the current thread. */
    private final class Piece {
        private final Scratch mine = scratch.get();
        private final int first;
        private final int count;
        private final long x;
        private final int words;
        private final int panels;
        private final int groups;
        private final int padded;
        private final long wide = (long) form.rows * Float.BYTES;
        private final long panelBytes;
        private final long sumBytes;
        private final long sums;

        /** @param x the first panel */
        Piece(int first, int count, long x, int words, int panels) {
            this.first = first;
            this.count = count;
            this.x = x;
            this.words = words;
            this.panels = panels;
            groups = Math.ceilDiv(count, form.outputs);
            padded = Math.ceilDiv(groups * form.outputs, TurningCode.SIDE) * TurningCode.SIDE;
            panelBytes = words * wide;
            sumBytes = padded * wide;
            sums = mine.sums.bytes(panels * sumBytes);
            MEMORY.asSlice(sums, panels * sumBytes).fill((byte) 0);
        }

        void add(Weight w) {
            for (int word = 0; word < words; word += form.words) {
                int part = Math.min(form.words, words - word);
                boolean whole = !w.transposed() && (word + part) * form.perWord() <= w.inputs();
                int lying = form.anywhere() && whole ? count / form.outputs : 0;
                if (lying > 0) {
                    long stride = (long) w.inputs() * w.dtype().bytes();
                    add(w.at(first, word * form.perWord()), stride, word, part, 0, lying);
                }
                if (lying < groups) {
                    long near = near(w, lying * form.outputs, word, part);
                    add(near, form.pitch(), word, part, lying, groups - lying);
                }
            }
        }

        /** Some words of outputs from one on, beside each other. */
        private long near(Weight w, int from, int word, int part) {
            int pitch = form.pitch();
            long near = mine.weight.bytes((long) padded * pitch);
            int valid = count - from;
            MEMORY.asSlice(near + (long) valid * pitch, (long) (padded - count) * pitch)
                    .fill((byte) 0);
            packing.weight(w, first + from, valid, word, part, near, pitch);
            return near;
        }

        private void add(long weight, long stride, int word, int part, int group, int count) {
            for (int i = 0; i < panels; i++) {
                long from = x + i * panelBytes + word * wide;
                long to = sums + i * sumBytes + (long) group * form.outputs * wide;
                code.multiply(weight, stride, from, part, to, count);
            }
        }

        /** Turned back, with the bias and rounded. */
        void store(@Nullable Rows bias, Rows out) {
            long stride = (long) padded * Float.BYTES;
            long lines = mine.lines.bytes(form.rows * stride);
            mine.line = Lanes.atLeast(mine.line, Lanes.padded(count));
            mine.bias = Lanes.atLeast(mine.bias, Lanes.padded(count));
            if (bias != null) {
                DType dtype = bias.dtype();
                Lanes.load(dtype, bias.address() + (long) first * dtype.bytes(), mine.bias, 0, count);
            }
            for (int row = 0; row < out.count(); row += form.rows) {
                long from = sums + row / form.rows * sumBytes;
                for (int o = 0; o < padded; o += TurningCode.SIDE) {
                    turning.turn(from + o * wide, wide, form.rows, lines + (long) o * Float.BYTES, stride);
                }
                for (int i = row; i < Math.min(out.count(), row + form.rows); i++) {
                    Lanes.copy(lines + (i - row) * stride, mine.line, 0, count);
                    if (bias != null) {
                        add(mine.line, mine.bias, count);
                    }
                    long to = out.row(i) + (long) first * out.dtype().bytes();
                    Lanes.store(out.dtype(), mine.line, 0, to, count);
                }
            }
        }

        private static void add(float[] to, float[] values, int count) {
            for (int i = 0; i < count; i++) {
                to[i] += values[i];
            }
        }
    }
}
