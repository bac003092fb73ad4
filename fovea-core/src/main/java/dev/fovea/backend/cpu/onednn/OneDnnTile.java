package dev.fovea.backend.cpu.onednn;

import dev.fovea.backend.cpu.products.TileProducts;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The products by oneDNN. Rows are rounded up, so that a model needs a handful of primitives, whatever the lengths.
 */
public final class OneDnnTile implements TileProducts {
    private final DType dtype;
    private final Map<Size, Pair> primitives = new ConcurrentHashMap<>();

    /** @param dtype FLOAT32, or BFLOAT16 where the processor has instructions for it */
    OneDnnTile(DType dtype) {
        this.dtype = dtype;
    }

    /** The primitives for scores and for sums. */
    private record Pair(MatMul scores, MatMul sums) {}

    @Override
    public DType dtype() {
        return dtype;
    }

    /** bfloat16 rows are dense, because of {@link OneDnnGemm}'s trap. */
    @Override
    public int pitch(int width) {
        return dtype == DType.FLOAT32 ? Lanes.padded(width) : width;
    }

    /** Rows that scratch memory must have for so many. */
    public static int rounded(int rows) {
        return rows > 64 ? Math.ceilDiv(rows, 64) * 64 : rows > 32 ? 64 : rows > 16 ? 32 : 16;
    }

    private Pair primitives(Size size) {
        return primitives.computeIfAbsent(new Size(rounded(size.rows()), size.tile(), size.width()), this::create);
    }

    private Pair create(Size size) {
        int pitch = pitch(size.width());
        int inner = dtype == DType.FLOAT32 ? size.tile() : 2 * size.tile();
        int wide = Lanes.padded(size.width());
        return new Pair(
                new MatMul(new MatMul.Form(
                        dtype,
                        DType.FLOAT32,
                        false,
                        size.rows(),
                        size.tile(),
                        size.width(),
                        pitch,
                        1,
                        pitch,
                        size.tile())),
                new MatMul(new MatMul.Form(
                        dtype, DType.FLOAT32, false, size.rows(), size.width(), inner, inner, pitch, 1, wide)));
    }

    @Override
    public void scores(long queries, Rows keys, long scores, Size size) {
        primitives(size).scores.execute(queries, keys.address(), 0, scores);
    }

    @Override
    public void sums(long weights, long values, long sums, Size size) {
        primitives(size).sums.execute(weights, values, 0, sums);
    }

    void close() {
        primitives.values().forEach(pair -> {
            pair.scores.close();
            pair.sums.close();
        });
        primitives.clear();
    }
}
