package dev.fovea.backend.cpu.products;

import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;

/**
 * The two matrix products of attention for some rows of queries and one tile of keys, between scratch memories of one thread:
 * scores of queries with keys, and sums of values by weights. Scores and sums are float32, in dense rows of the tile and of
 * the pitch.
 */
public interface TileProducts {
    /** Of queries, keys, values and weights; where it is bfloat16, weights come split in two. */
    DType dtype();

    /** Elements between rows of queries, keys and values of a head width. */
    int pitch(int width);

    /** Whether keys lie by head dimension: (D, tile). */
    default boolean keysByDimension() {
        return false;
    }

    /** Whether keys of a dtype and a head width are multiplied where they lie. */
    default boolean readsKeys(DType dtype, int width) {
        return false;
    }

    /**
     * {@code scores (rows, tile) = queries (rows, D) keysᵀ}.
     *
     * @param keys in scratch memory as said above, with all rows of the tile; or as they lie, at least four
     */
    void scores(long queries, Rows keys, long scores, Size size);

    /** {@code sums (rows, D) = weights (rows, tile) values (tile, D)}; both twice as long along the tile where split. */
    void sums(long weights, long values, long sums, Size size);

    /**
     * Extents of a product; what is computed beyond the rows at hand is not read.
     *
     * @param rows of queries
     * @param tile keys, a multiple of the vector length
     * @param width D
     */
    record Size(int rows, int tile, int width) {}
}
