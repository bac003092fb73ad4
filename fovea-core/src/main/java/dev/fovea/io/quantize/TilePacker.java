package dev.fovea.io.quantize;

import static dev.fovea.tensor.QuantizedMatrix.BLOCK;
import static dev.fovea.tensor.QuantizedMatrix.TILE;

import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.QuantizedMatrix.Form;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;

/** Makes codes, scales, zero points and factors of one tile after another of a weight. For one thread. */
final class TilePacker {
    private static final int TOP_SCALE = 255;
    private static final int TOP_8 = 127;

    private final String name;
    private final Tensor weight;
    private final Form form;
    private final TileValues tile;
    private final GroupFit fit;
    private final float[] lineScales;

    final byte[] codes;
    final byte[] scales;
    final byte[] zeros;
    final float[] factors = new float[TILE];

    TilePacker(String name, Tensor weight, Form form) {
        this.name = name;
        this.weight = weight;
        this.form = form;
        tile = new TileValues(weight.dim(1), form.group());
        fit = new GroupFit(tile.lanes);
        lineScales = new float[tile.lanes];
        codes = new byte[QuantizedMatrix.blocks(weight.dim(1)) * BLOCK * TILE * form.bits() / Byte.SIZE];
        scales = new byte[tile.lanes];
        zeros = new byte[form.bits() == 4 ? tile.lanes : 0];
    }

    void pack(int number) {
        tile.load(name, weight, number);
        Arrays.fill(codes, (byte) 0);
        if (form.bits() == 4) {
            fit.fit(tile);
            fit.settle();
            scales(fit.scales, false);
            zeros();
            fours();
        } else {
            largest();
            scales(lineScales, true);
            eights();
        }
    }

    /**
     * Scales as 255 parts of the row's largest.
     *
     * @param up so that nothing is clipped
     */
    private void scales(float[] wanted, boolean up) {
        Arrays.fill(factors, 0);
        for (int lane = 0; lane < tile.lanes; lane++) {
            factors[lane % TILE] = Math.max(factors[lane % TILE], wanted[lane] / TOP_SCALE);
        }
        for (int lane = 0; lane < tile.lanes; lane++) {
            float factor = factors[lane % TILE];
            double parts = factor > 0 ? wanted[lane] / factor : 0;
            double rounded = up ? Math.ceil(parts - 1e-3) : Math.rint(parts);
            int scale = (int) Math.min(TOP_SCALE, Math.max(wanted[lane] > 0 ? 1 : 0, rounded));
            scales[lane] = (byte) scale;
            lineScales[lane] = factor * scale;
        }
    }

    private void largest() {
        Arrays.fill(lineScales, 0);
        for (int k = 0; k < tile.group; k++) {
            for (int lane = 0; lane < tile.lanes; lane++) {
                lineScales[lane] =
                        Math.max(lineScales[lane], Math.abs(tile.values[k * tile.lanes + lane]) * (1f / TOP_8));
            }
        }
    }

    private void zeros() {
        for (int lane = 0; lane < tile.lanes; lane++) {
            double zero = lineScales[lane] > 0 ? -fit.offsets[lane] / lineScales[lane] : 0;
            zeros[lane] = (byte) Math.min(TOP_SCALE, Math.max(0, Math.rint(zero / QuantizedMatrix.ZERO_UNIT)));
        }
    }

    private void eights() {
        for (int k = 0; k < tile.group; k++) {
            for (int lane = 0; lane < tile.lanes; lane++) {
                float inverse = lineScales[lane] > 0 ? 1 / lineScales[lane] : 0;
                int code = (int) Math.rint(tile.values[k * tile.lanes + lane] * inverse);
                int column = lane / TILE * form.group() + k;
                codes[(column / 4 * TILE + lane % TILE) * 4 + column % 4] =
                        (byte) Math.min(TOP_8, Math.max(-TOP_8, code));
            }
        }
    }

    private void fours() {
        int held = codes.length / TILE * 2; // columns, those of padding included
        for (int k = 0; k < tile.group; k++) {
            for (int lane = 0; lane < tile.lanes; lane++) {
                int column = lane / TILE * form.group() + k;
                if (column < held) {
                    float inverse = lineScales[lane] > 0 ? 1 / lineScales[lane] : 0;
                    float zero = (zeros[lane] & 0xff) * QuantizedMatrix.ZERO_UNIT;
                    int code = (int) Math.rint(tile.values[k * tile.lanes + lane] * inverse + zero);
                    code = Math.min(GroupFit.TOP, Math.max(0, code));
                    int at = (column / 8 * TILE + lane % TILE) * 4 + column % 4;
                    codes[at] |= (byte) (column % 8 < 4 ? code : code << 4);
                }
            }
        }
    }
}
