package dev.fovea.io;

import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.QuantizedMatrix.Form;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.Function;

/** How a quantised weight is stored: its parts as tensors of their own, by the weight's name and an ending. */
public final class QuantizedParts {
    public static final String CODES = ".codes";
    public static final String SCALES = ".scales";
    public static final String ZEROS = ".zeros";
    public static final String FACTORS = ".factors";

    private QuantizedParts() {}

    /** A stored tensor. */
    record Part(WeightFile file, WeightFile.Entry entry) {
        MemorySegment bytes() {
            return file.segment(entry.name());
        }

        Tensor tensor(Backend backend, Backend home) {
            return Tensor.dense(backend, home, entry.type().dtype().orElseThrow(), entry.shape(), bytes());
        }
    }

    /**
     * The weight of a name, where it is stored so.
     *
     * @param home of its parts, where they lie in the host's memory
     * @param find a stored tensor by its name
     * @return empty where there are no codes, or where the parts are not those of a weight of this size
     */
    static Optional<QuantizedMatrix> find(
            String name, int rows, int columns, Backend backend, Backend home, Function<String, Optional<Part>> find) {
        Optional<Part> codes = find.apply(name + CODES);
        Optional<Part> scales = find.apply(name + SCALES);
        Optional<Part> factors = find.apply(name + FACTORS);
        if (codes.isEmpty() || scales.isEmpty() || factors.isEmpty()) {
            return Optional.empty();
        }
        Optional<Part> zeros = find.apply(name + ZEROS);
        for (int group : new int[] {32, 64, 128, 256, 512, 1024}) {
            Form form = new Form(zeros.isPresent() ? 4 : 8, group);
            if (scales.get().entry().shape().equals(form.scales(rows, columns))) {
                return matrix(form, rows, columns, backend, home, codes.get(), scales.get(), zeros, factors.get());
            }
        }
        return Optional.empty();
    }

    private static Optional<QuantizedMatrix> matrix(
            Form form,
            int rows,
            int columns,
            Backend backend,
            Backend home,
            Part codes,
            Part scales,
            Optional<Part> zeros,
            Part factors) {
        boolean fits = is(codes, StoredType.U8, form.codes(rows, columns))
                && (is(scales, StoredType.U8, form.scales(rows, columns))
                        || is(scales, StoredType.F32, form.scales(rows, columns)))
                && zeros.map(z -> is(z, StoredType.U8, form.scales(rows, columns)))
                        .orElse(true)
                && is(factors, StoredType.F32, Shape.of(QuantizedMatrix.tiles(rows) * QuantizedMatrix.TILE));
        return fits
                ? Optional.of(new QuantizedMatrix(
                        form,
                        rows,
                        columns,
                        codes.tensor(backend, home),
                        scales.tensor(backend, home),
                        zeros.map(z -> z.tensor(backend, home)),
                        factors.tensor(backend, home),
                        Optional.empty()))
                : Optional.empty();
    }

    private static boolean is(Part part, StoredType type, Shape shape) {
        return part.entry().type() == type && part.entry().shape().equals(shape);
    }

    /** A weight of this form without data. */
    static QuantizedMatrix shapesOnly(Form form, DType scaleType, int rows, int columns, Backend backend) {
        Shape scales = form.scales(rows, columns);
        Shape padded = Shape.of(QuantizedMatrix.tiles(rows) * QuantizedMatrix.TILE);
        return new QuantizedMatrix(
                form,
                rows,
                columns,
                Tensor.dense(backend, DType.UINT8, form.codes(rows, columns), MemorySegment.NULL),
                Tensor.dense(backend, scaleType, scales, MemorySegment.NULL),
                form.bits() == 4
                        ? Optional.of(Tensor.dense(backend, DType.UINT8, scales, MemorySegment.NULL))
                        : Optional.empty(),
                Tensor.dense(backend, DType.FLOAT32, padded, MemorySegment.NULL),
                Optional.empty());
    }
}
