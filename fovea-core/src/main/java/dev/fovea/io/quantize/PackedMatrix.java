package dev.fovea.io.quantize;

import static dev.fovea.tensor.QuantizedMatrix.TILE;

import dev.fovea.io.QuantizedParts;
import dev.fovea.io.Safetensors;
import dev.fovea.io.StoredType;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.QuantizedMatrix.Form;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A weight on its way into a file of quantised ones: it is packed while its codes are written, some tiles at a time on all processors;
 * its scales, a sixteenth of it, wait in memory until the codes are written.
 */
final class PackedMatrix implements PackedWeight {
    private final String name;
    private final Tensor weight;
    private final Form form;
    private final float[] meanSquares;
    private byte @Nullable [] scales;
    private byte @Nullable [] zeros;
    private byte @Nullable [] factors;

    /** @param meanSquares of what meets each column; empty where nobody knows */
    PackedMatrix(String name, Tensor weight, Form form, float[] meanSquares) {
        this.name = name;
        this.weight = weight;
        this.form = form;
        this.meanSquares = meanSquares;
    }

    @Override
    public Map<String, Safetensors.Part> parts() {
        int rows = weight.dim(0);
        int columns = weight.dim(1);
        Shape shape = form.scales(rows, columns);
        Map<String, Safetensors.Part> parts = new LinkedHashMap<>();
        parts.put(name + QuantizedParts.CODES, PackedWeight.part(StoredType.U8, form.codes(rows, columns), this::pack));
        parts.put(name + QuantizedParts.SCALES, PackedWeight.part(StoredType.U8, shape, out -> {
            out.write(Objects.requireNonNull(scales));
            scales = null;
        }));
        if (form.bits() == 4) {
            parts.put(name + QuantizedParts.ZEROS, PackedWeight.part(StoredType.U8, shape, out -> {
                out.write(Objects.requireNonNull(zeros));
                zeros = null;
            }));
        }
        Shape padded = Shape.of(QuantizedMatrix.tiles(rows) * TILE);
        parts.put(
                name + QuantizedParts.FACTORS,
                PackedWeight.part(StoredType.F32, padded, out -> out.write(Objects.requireNonNull(factors))));
        return parts;
    }

    private void pack(OutputStream out) throws IOException {
        int tiles = TileValues.tiles(weight);
        ThreadLocal<TilePacker> packers =
                ThreadLocal.withInitial(() -> new TilePacker(name, weight, form, meanSquares));
        TilePacker sizes = new TilePacker(name, weight, form, meanSquares);
        byte[] allScales = new byte[tiles * sizes.scales.length];
        byte[] allZeros = new byte[tiles * sizes.zeros.length];
        byte[] allFactors = new byte[tiles * TILE * Float.BYTES];
        int batch = Math.clamp(BATCH_BYTES / sizes.codes.length, 1, tiles);
        byte[] codes = new byte[batch * sizes.codes.length];
        for (int from = 0; from < tiles; from += batch) {
            int first = from;
            int count = Math.min(batch, tiles - from);
            IntStream.range(0, count).parallel().forEach(i -> {
                TilePacker packer = packers.get();
                packer.pack(first + i);
                System.arraycopy(packer.codes, 0, codes, i * packer.codes.length, packer.codes.length);
                System.arraycopy(packer.scales, 0, allScales, (first + i) * packer.scales.length, packer.scales.length);
                System.arraycopy(packer.zeros, 0, allZeros, (first + i) * packer.zeros.length, packer.zeros.length);
                ByteBuffer.wrap(allFactors, (first + i) * TILE * Float.BYTES, TILE * Float.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .asFloatBuffer()
                        .put(packer.factors);
            });
            out.write(codes, 0, count * sizes.codes.length);
        }
        scales = allScales;
        zeros = allZeros;
        factors = allFactors;
    }
}
