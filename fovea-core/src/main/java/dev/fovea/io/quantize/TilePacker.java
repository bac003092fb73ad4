package dev.fovea.io.quantize;

import static dev.fovea.tensor.QuantizedMatrix.BLOCK;
import static dev.fovea.tensor.QuantizedMatrix.TILE;

import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.QuantizedMatrix.Form;
import dev.fovea.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Makes codes, scales, zero points and factors of one tile after another of a weight. For one thread. */
final class TilePacker {
    private static final int TOP_SCALE = 255;
    static final int TOP_8 = 127;

    /** Added and taken away again, it leaves a number of at most 2^22 rounded to the nearest integer, ties to even. */
    static final float ROUNDING = 3 << 22;

    private final String name;
    private final Tensor weight;
    private final Form form;
    private final TileValues tile;
    private final GroupFit fit;
    private final ScaleSearch search;
    private final float[] lineScales;
    private final float[] lineZeros;
    private final float[] inverse;
    private final int[] words;

    final byte[] codes;
    final byte[] scales;
    final byte[] zeros;
    final float[] factors = new float[TILE];

    /** @param meanSquares of what meets each column; empty where nobody knows */
    TilePacker(String name, Tensor weight, Form form, float[] meanSquares) {
        this.name = name;
        this.weight = weight;
        this.form = form;
        tile = new TileValues(weight.dim(1), form.group(), meanSquares);
        fit = new GroupFit(tile.lanes);
        search = new ScaleSearch(tile.lanes);
        lineScales = new float[tile.lanes];
        lineZeros = new float[tile.lanes];
        inverse = new float[tile.lanes];
        words = new int[tile.lanes];
        codes = new byte[QuantizedMatrix.blocks(weight.dim(1)) * BLOCK * TILE * form.bits() / Byte.SIZE];
        scales = new byte[tile.lanes];
        zeros = new byte[form.bits() == 4 ? tile.lanes : 0];
    }

    void pack(int number) {
        tile.load(name, weight, number);
        if (form.bits() == 4) {
            fit.fit(tile);
            fit.settle();
            scales(fit.scales, TOP_SCALE, false);
            lineScales();
            zeros();
            codes(4);
        } else {
            largest();
            scales(lineScales, TOP_SCALE - ScaleSearch.ABOVE, true);
            search.search(tile, scales, factors);
            lineScales();
            codes(8);
        }
    }

    /**
     * Scales as parts of the row's largest.
     *
     * @param top parts of that one
     * @param up so that nothing is clipped
     */
    private void scales(float[] wanted, int top, boolean up) {
        Arrays.fill(factors, 0);
        for (int lane = 0; lane < tile.lanes; lane++) {
            factors[lane % TILE] = Math.max(factors[lane % TILE], wanted[lane] / top);
        }
        for (int lane = 0; lane < tile.lanes; lane++) {
            float factor = factors[lane % TILE];
            double parts = factor > 0 ? wanted[lane] / factor : 0;
            double rounded = up ? Math.ceil(parts - 1e-3) : Math.rint(parts);
            scales[lane] = (byte) (int) Math.min(top, Math.max(wanted[lane] > 0 ? 1 : 0, rounded));
        }
    }

    private void lineScales() {
        for (int lane = 0; lane < tile.lanes; lane++) {
            lineScales[lane] = factors[lane % TILE] * (scales[lane] & 0xff);
        }
    }

    private void largest() {
        Arrays.fill(lineScales, 0);
        for (float[] line : tile.values) {
            for (int lane = 0; lane < line.length; lane++) {
                lineScales[lane] = Math.max(lineScales[lane], Math.abs(line[lane]) * (1f / TOP_8));
            }
        }
    }

    private void zeros() {
        for (int lane = 0; lane < tile.lanes; lane++) {
            double zero = lineScales[lane] > 0 ? -fit.offsets[lane] / lineScales[lane] : 0;
            zeros[lane] = (byte) Math.min(TOP_SCALE, Math.max(0, Math.rint(zero / QuantizedMatrix.ZERO_UNIT)));
        }
    }

    /** Writes the codes of each four bytes of a lane, which columns' codes are shifted into. */
    private void codes(int bits) {
        int chunk = Integer.SIZE / bits;
        int held = codes.length / (TILE * Integer.BYTES); // chunks of a row, those of padding included
        int perGroup = form.group() / chunk;
        for (int lane = 0; lane < tile.lanes; lane++) {
            inverse[lane] = lineScales[lane] > 0 ? 1 / lineScales[lane] : 0;
            lineZeros[lane] = bits == 4 ? (zeros[lane] & 0xff) * QuantizedMatrix.ZERO_UNIT : 0;
        }
        for (int c = 0; c < perGroup; c++) {
            Arrays.fill(words, 0);
            for (int k = 0; k < chunk; k++) {
                float[] line = tile.values[c * chunk + k];
                if (bits == 4) {
                    four(line, inverse, lineZeros, words, k < 4 ? 8 * k : 8 * k - 28);
                } else {
                    eight(line, inverse, words, 8 * k);
                }
            }
            for (int group = 0; group * perGroup + c < held && group < tile.lanes / TILE; group++) {
                ByteBuffer.wrap(codes, (group * perGroup + c) * TILE * Integer.BYTES, TILE * Integer.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .asIntBuffer()
                        .put(words, group * TILE, TILE);
            }
        }
    }

    private static void four(float[] line, float[] inverse, float[] zeros, int[] words, int shift) {
        for (int i = 0; i < line.length; i++) {
            int code = (int) (line[i] * inverse[i] + zeros[i] + ROUNDING - ROUNDING);
            words[i] |= Math.min(GroupFit.TOP, Math.max(0, code)) << shift;
        }
    }

    private static void eight(float[] line, float[] inverse, int[] words, int shift) {
        for (int i = 0; i < line.length; i++) {
            int code = (int) (line[i] * inverse[i] + ROUNDING - ROUNDING);
            words[i] |= (Math.min(TOP_8, Math.max(-TOP_8, code)) & 0xff) << shift;
        }
    }
}
