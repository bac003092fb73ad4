package dev.fovea.backend.cpu.products;

import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static dev.fovea.tensor.LosslessMatrix.BLOCK;
import static dev.fovea.tensor.LosslessMatrix.GROUP;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Brings operands into the panels of words that {@link ProductCode} multiplies: widened to float32, pairs of bfloat16 as they are,
 * or float16 as two bfloat16 each.
 */
final class Packing {
    private final ProductCode.Arithmetic form;
    private final DotCode widening;
    private final TurningCode turning;
    private final @Nullable SplittingCode splitting;
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

    Packing(ProductCode.Arithmetic form, DotCode widening, TurningCode turning) {
        this.form = form;
        this.widening = widening;
        this.turning = turning;
        splitting = form == ProductCode.Arithmetic.SPLIT_TILES ? new SplittingCode() : null;
    }

    private static final class Scratch {
        private final Buffer lines = new Buffer();
        private final Buffer ends = new Buffer();
        private float[] line = {};
    }

    /** @throws IllegalArgumentException for a weight that is not brought near: what is split is split along rows */
    void check(Weight w) {
        if (splitting != null && w.transposed()) {
            throw new IllegalArgumentException("a weight that lies transposed is not split");
        }
    }

    /** Words of so many values, as they are multiplied. */
    int words(int values) {
        return Math.ceilDiv(Math.ceilDiv(values, form.perWord()), form.step) * form.step;
    }

    /**
     * Some rows of x: for each word all rows of a panel; where there are none, anything, as their results are not read.
     *
     * @param word the first of so many words
     */
    void x(Rows x, int first, int word, int words, long to) {
        long stride = (long) words * Float.BYTES;
        long lines = scratch.get().lines.bytes(form.rows * stride);
        int valid = Math.min(form.rows, x.count() - first);
        rows(new Rows(x.dtype(), x.row(first), valid, x.width(), x.stride()), word, words, lines, stride);
        for (int row = 0; row < valid; row += TurningCode.SIDE) {
            turning.turn(
                    lines + row * stride, stride, words, to + (long) row * Float.BYTES, (long) form.rows * Float.BYTES);
        }
    }

    /** Some outputs of a weight, row by row; where it lies transposed, up to seven rows behind them are written too. */
    void weight(Weight w, int first, int count, int word, int words, long to, long stride) {
        LosslessWeight lossless = w.lossless();
        if (lossless != null) {
            lossless(lossless, first, count, word, words, to, stride);
        } else if (w.transposed()) {
            columns(w, first, count, word, words, to, stride);
        } else {
            long lying = (long) w.inputs() * w.dtype().bytes();
            rows(new Rows(w.dtype(), w.at(first, 0), count, w.inputs(), lying), word, words, to, stride);
        }
    }

    /** Pairs are what values are widened to; up to three rows behind the last are written too. */
    private void lossless(LosslessWeight w, int first, int count, int word, int words, long to, long stride) {
        int from = word * form.perWord();
        int end = Math.min(from + words * form.perWord(), w.blocks() * BLOCK);
        int block = from / BLOCK;
        int blocks = Math.ceilDiv(end, BLOCK) - block;
        if (form.pairs() && blocks * BLOCK == words * form.perWord()) {
            w.widen(first, count, block, blocks, to, stride, widening);
            return;
        }
        long pitch = (long) blocks * BLOCK * Short.BYTES;
        long near = scratch.get().lines.bytes((long) Math.ceilDiv(count, GROUP) * GROUP * pitch);
        w.widen(first, count, block, blocks, near, pitch, widening);
        long before = near - (long) block * BLOCK * Short.BYTES; // where column 0 would lie
        rows(new Rows(DType.BFLOAT16, before, count, w.blocks() * BLOCK, pitch), word, words, to, stride);
    }

    private void rows(Rows from, int word, int words, long to, long stride) {
        if (splitting != null) {
            split(splitting, from, word, words, to, stride);
            return;
        }
        int bytes = from.dtype().bytes();
        int values = Math.min(words * form.perWord(), from.width() - word * form.perWord());
        int whole = values / (form.perWord() * Lanes.COUNT) * Lanes.COUNT; // words that vectors copy
        long source = from.address() + (long) word * form.perWord() * bytes;
        if (whole > 0) {
            DType unit = form.pairs() ? DType.FLOAT32 : from.dtype();
            widening.widen(
                    new Rows(unit, source, from.count(), whole, from.stride()),
                    new Rows(DType.FLOAT32, to, from.count(), whole, stride));
        }
        if (whole < words) {
            long rest = source + (long) whole * form.perWord() * bytes;
            int left = values - whole * form.perWord();
            long behind = to + (long) whole * Float.BYTES;
            for (int i = 0; i < from.count(); i++) {
                MEMORY.asSlice(behind + i * stride, (long) (words - whole) * Float.BYTES)
                        .fill((byte) 0);
                few(from.dtype(), rest + i * from.stride(), left, behind + i * stride);
            }
        }
    }

    /** As many values as words, but where a row ends. */
    private void split(SplittingCode code, Rows from, int first, int count, long to, long stride) {
        int values = Math.min(count, from.width() - first);
        long source = from.address() + (long) first * Short.BYTES;
        int steps = values / SplittingCode.STEP;
        if (steps > 0) {
            code.split(new Rows(from.dtype(), source, from.count(), values, from.stride()), steps, to, stride);
        }
        int whole = steps * SplittingCode.STEP;
        if (whole < values) {
            long bytes = (long) SplittingCode.STEP * Short.BYTES;
            long ends = scratch.get().ends.bytes(from.count() * bytes);
            MEMORY.asSlice(ends, from.count() * bytes).fill((byte) 0);
            for (int i = 0; i < from.count(); i++) {
                long at = source + i * from.stride() + (long) whole * Short.BYTES;
                MemorySegment.copy(MEMORY, at, MEMORY, ends + i * bytes, (long) (values - whole) * Short.BYTES);
            }
            Rows padded = new Rows(from.dtype(), ends, from.count(), SplittingCode.STEP, bytes);
            code.split(padded, 1, to + (long) whole * Float.BYTES, stride);
        }
    }

    /** Values that are no whole vector. */
    private void few(DType dtype, long from, int count, long to) {
        if (form.pairs()) {
            MemorySegment.copy(MEMORY, from, MEMORY, to, (long) count * dtype.bytes());
            return;
        }
        Scratch mine = scratch.get();
        mine.line = Lanes.atLeast(mine.line, Lanes.padded(count));
        Lanes.load(dtype, from, mine.line, 0, count);
        Lanes.store(DType.FLOAT32, mine.line, 0, to, count);
    }

    private void columns(Weight w, int first, int count, int word, int words, long to, long stride) {
        int padded = Math.ceilDiv(count, TurningCode.SIDE) * TurningCode.SIDE;
        long wide = (long) padded * Float.BYTES;
        long lines = scratch.get().lines.bytes(words * wide);
        MEMORY.asSlice(lines, words * wide).fill((byte) 0);
        int values = Math.min(words * form.perWord(), w.inputs() - word * form.perWord());
        int whole = form.pairs() ? 0 : count / Lanes.COUNT * Lanes.COUNT; // outputs that vectors copy
        if (whole > 0 && values > 0) {
            widening.widen(
                    new Rows(w.dtype(), w.at(first, word), values, whole, w.stride()),
                    new Rows(DType.FLOAT32, lines, values, whole, wide));
        }
        for (int i = 0; i < values && whole < count; i++) {
            long from = w.at(first + whole, word * form.perWord() + i);
            if (form.pairs()) {
                halves(from, count, lines + i / 2 * wide + i % 2 * (long) Short.BYTES);
            } else {
                few(w.dtype(), from, count - whole, lines + i * wide + (long) whole * Float.BYTES);
            }
        }
        for (int i = 0; i < words; i += TurningCode.SIDE) {
            turning.turn(lines + i * wide, wide, padded, to + (long) i * Float.BYTES, stride);
        }
    }

    /** 16-bit values to every other place of 16 bits. */
    private static void halves(long from, int count, long to) {
        for (int i = 0; i < count; i++) {
            MEMORY.set(Lanes.SHORT, to + 4L * i, MEMORY.get(Lanes.SHORT, from + 2L * i));
        }
    }
}
