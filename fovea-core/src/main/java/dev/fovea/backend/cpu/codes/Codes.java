package dev.fovea.backend.cpu.codes;

import static dev.fovea.tensor.QuantizedMatrix.BLOCK;
import static dev.fovea.tensor.QuantizedMatrix.TILE;

import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.QuantizedMatrix;
import java.lang.foreign.ValueLayout;

/**
 * A quantised weight as kernels see it, its parts at addresses that were checked once.
 *
 * @param blocks of 32 columns
 * @param blocksPerGroup that share scales
 * @param zeros 0 where there are none
 * @param order columns of x in the order of the codes, or 0 where that is their own
 */
public record Codes(
        int bits,
        int outputs,
        int inputs,
        int blocks,
        int blocksPerGroup,
        long codes,
        long scales,
        boolean byteScales,
        long zeros,
        long factors,
        long order) {
    public static Codes of(QuantizedMatrix w) {
        return new Codes(
                w.form().bits(),
                w.rows(),
                w.columns(),
                QuantizedMatrix.blocks(w.columns()),
                w.form().group() / BLOCK,
                Rows.address(w.codes()),
                Rows.address(w.scales()),
                w.scales().dtype() == DType.UINT8,
                w.zeros().map(Rows::address).orElse(0L),
                Rows.address(w.factors()),
                w.order().map(Rows::address).orElse(0L));
    }

    int tiles() {
        return QuantizedMatrix.tiles(outputs);
    }

    /** Bytes of codes in a block of a tile. */
    int blockBytes() {
        return TILE * BLOCK * bits / Byte.SIZE;
    }

    long tileBytes() {
        return (long) blocks * blockBytes();
    }

    long tile(int i) {
        return codes + i * tileBytes();
    }

    /** Floats that {@link #expand} writes. */
    int expanded() {
        return blocks * TILE * (bits == 4 ? 2 : 1);
    }

    /** Writes a tile's scales, one for each row and block, and behind them its zero points with their sign turned. */
    void expand(int tile, long to) {
        int groups = Math.ceilDiv(blocks, blocksPerGroup);
        long first = (long) tile * groups * TILE;
        long factorsAt = factors + 4L * tile * TILE;
        for (int b = 0; b < blocks; b++) {
            long at = first + (long) (b / blocksPerGroup) * TILE;
            long target = to + 4L * b * TILE;
            CodeDot.scales(byteScales, scales + at * (byteScales ? 1 : Float.BYTES), factorsAt, target);
            if (bits == 4) {
                CodeDot.zeros(zeros + at, target + 4L * blocks * TILE);
            }
        }
    }

    static byte byteAt(long address) {
        return Lanes.MEMORY.get(ValueLayout.JAVA_BYTE, address);
    }
}
