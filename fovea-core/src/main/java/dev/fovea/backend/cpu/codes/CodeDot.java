package dev.fovea.backend.cpu.codes;

import static dev.fovea.tensor.QuantizedMatrix.TILE;

import dev.fovea.backend.cpu.machine.Warmup;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.tensor.QuantizedMatrix;

/**
 * Products of two tiles of a quantised weight, sixteen rows each, with a row of x. Lanes are rows of the weight, so that all
 * kernels give the same bits, whatever the width of vectors.
 */
public final class CodeDot {
    private static final int REHEARSED_BLOCKS = 2;

    private static final Warmup FOUR =
            new Warmup(s -> four(tiles(s), Quantized4.row(s.row(), REHEARSED_BLOCKS, s.part(12))));
    private static final Warmup EIGHT = new Warmup(s -> eight(tiles(s), s.part(12)));
    private static final Warmup SCALES = new Warmup(s -> {
        scales(false, s.memory(), s.part(1), s.part(2));
        scales(true, s.memory(), s.part(1), s.part(2));
        zeros(s.memory(), s.part(2));
    });

    private CodeDot() {}

    /**
     * Where the operands of a call lie; the second tile may be the first.
     *
     * @param codes of the tiles
     * @param scales of the tiles, expanded
     * @param out 32 floats
     */
    record Tiles(long codes, long codes2, long scales, long scales2, int blocks, long out) {}

    private static Tiles tiles(Warmup.Scratch s) {
        return new Tiles(s.memory(), s.memory(), s.part(4), s.part(4), REHEARSED_BLOCKS, s.part(8));
    }

    /** @param x from {@link Quantized4#row} */
    static void four(Tiles t, Quantized4 x) {
        if (FOUR.plain(t.blocks * QuantizedMatrix.BLOCK)) {
            PlainCodeDot.four(t, x);
        } else {
            for (int lane = 0; lane < TILE; lane += Lanes.COUNT) {
                VectorCodeDot.four(
                        t.codes + 4L * lane,
                        t.codes2 + 4L * lane,
                        x.pairs(),
                        x.scales(),
                        t.scales + 4L * lane,
                        t.scales2 + 4L * lane,
                        t.blocks,
                        t.out + 4L * lane);
            }
        }
    }

    /** @param x float32, padded with zeros to whole blocks */
    static void eight(Tiles t, long x) {
        if (EIGHT.plain(t.blocks * QuantizedMatrix.BLOCK)) {
            PlainCodeDot.eight(t, x);
        } else {
            for (int lane = 0; lane < TILE; lane += Lanes.COUNT) {
                VectorCodeDot.eight(
                        t.codes + 4L * lane,
                        t.codes2 + 4L * lane,
                        x,
                        t.scales + 4L * lane,
                        t.scales2 + 4L * lane,
                        t.blocks,
                        t.out + 4L * lane);
            }
        }
    }

    /** Sixteen scales times their factors. */
    static void scales(boolean bytes, long scales, long factors, long to) {
        if (SCALES.plain(TILE) || Lanes.COUNT < Double.BYTES) {
            PlainCodeDot.scales(bytes, scales, factors, to);
        } else {
            VectorCodeDot.scales(bytes, scales, factors, to);
        }
    }

    /** Sixteen zero points, their sign turned. */
    static void zeros(long zeros, long to) {
        if (SCALES.plain(TILE) || Lanes.COUNT < Double.BYTES) {
            PlainCodeDot.zeros(zeros, to);
        } else {
            VectorCodeDot.zeros(zeros, to);
        }
    }
}
