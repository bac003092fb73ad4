package dev.fovea.backend.cpu.codes;

import static dev.fovea.backend.cpu.rows.Lanes.FLOAT;
import static dev.fovea.backend.cpu.rows.Lanes.INT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static dev.fovea.tensor.QuantizedMatrix.BLOCK;
import static dev.fovea.tensor.QuantizedMatrix.TILE;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.machine.Warmup;
import dev.fovea.backend.cpu.products.Gemm;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;

/** The values of a tile, rounded to a dtype, column by column: a (K, N) panel of them is what {@link Gemm} takes as it lies. */
public final class WidenedCodes {
    private static final ThreadLocal<Buffer> SCALES = ThreadLocal.withInitial(Buffer::new);

    private static final Warmup WIDENED = new Warmup(WidenedCodes::rehearse);

    private WidenedCodes() {}

    /**
     * @param to K rows, of which this tile fills some values
     * @param at the first of them
     * @param count at most sixteen
     */
    static void tile(Codes w, int tile, Rows to, int at, int count) {
        long scales = SCALES.get().floats(w.expanded());
        w.expand(tile, scales);
        if (count == TILE && !WIDENED.plain(w.blocks() * BLOCK * TILE)) {
            VectorWidening.tile(w, w.tile(tile), scales, to, at);
            return;
        }
        float[] values = new float[TILE];
        int chunk = 32 / w.bits();
        for (int k = 0; k < w.inputs(); k++) {
            long codes = w.tile(tile) + (long) (k / chunk) * 4 * TILE;
            long s = scales + 4L * (k / BLOCK) * TILE;
            if (w.bits() == 4) {
                four(codes, k % chunk, s, s + 4L * w.blocks() * TILE, values);
            } else {
                eight(codes, k % chunk, s, values);
            }
            Lanes.store(
                    to.dtype(), values, 0, to.row(k) + (long) at * to.dtype().bytes(), count);
        }
    }

    /** A tile of one block of each form, to each dtype. */
    private static void rehearse(Warmup.Scratch s) {
        for (int bits : new int[] {4, 8}) {
            Codes w = new Codes(bits, TILE, BLOCK, 1, 1, s.memory(), s.part(2), false, s.part(3), s.part(4), 0);
            for (DType dtype : new DType[] {DType.BFLOAT16, DType.FLOAT32}) {
                tile(w, 0, new Rows(dtype, s.part(8), BLOCK, TILE, (long) TILE * dtype.bytes()), 0, TILE);
            }
        }
    }

    private static void four(long codes, int column, long scales, long zeros, float[] values) {
        int shift = column < 4 ? 8 * column : 8 * column - 28;
        for (int lane = 0; lane < TILE; lane++) {
            int code = MEMORY.get(INT, codes + 4L * lane) >>> shift & 15;
            values[lane] = MEMORY.get(FLOAT, scales + 4L * lane) * (code + MEMORY.get(FLOAT, zeros + 4L * lane));
        }
    }

    private static void eight(long codes, int column, long scales, float[] values) {
        for (int lane = 0; lane < TILE; lane++) {
            int code = MEMORY.get(INT, codes + 4L * lane) << 24 - 8 * column >> 24;
            values[lane] = MEMORY.get(FLOAT, scales + 4L * lane) * code;
        }
    }
}
