package dev.fovea.io;

import static dev.fovea.tensor.QuantizedMatrix.TILE;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.io.QuantizedParts.Part;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.QuantizedMatrix.Form;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * A weight in the 8 bits of LLM.int8(): {@code code SCB[row] / 127}, which our codes of 8 bits hold as it is. The reference rounds
 * the rows that it multiplies with to 8 bits as well, but for outliers; Fovea does not.
 */
final class Int8Weight implements CodedWeight {
    private static final float TOP = 127;

    /** Columns that share a scale, of which all are 1 here: the more, the less to read. */
    private static final int[] GROUPS = {128, 64, 32};

    private final String name;
    private final Part codes;
    private final Part scales;

    private Int8Weight(String name, Part codes, Part scales) {
        this.name = name;
        this.codes = codes;
        this.scales = scales;
    }

    /** @throws InputException where its rows are stored in an order of one kind of GPU */
    static Optional<Int8Weight> find(String name, Function<String, Optional<Part>> find) {
        if (!name.endsWith(".weight")) {
            return Optional.empty();
        }
        String stem = name.substring(0, name.length() - "weight".length());
        Optional<Part> scales = find.apply(stem + "SCB");
        if (scales.isEmpty()) {
            return Optional.empty();
        }
        find.apply(stem + "weight_format").ifPresent(format -> {
            byte[] bytes = format.bytes().toArray(ValueLayout.JAVA_BYTE);
            if (bytes.length == 0 || bytes[0] != 0) {
                throw new InputException(
                        Quote.of(format.file().path()) + ": " + Quote.of(stem + "weight_format")
                                + " says that rows are stored in the order of one kind of GPU;"
                                + " expected 0, row after row",
                        "store the model anew with bitsandbytes 0.45 or newer");
            }
        });
        return find.apply(name).map(codes -> new Int8Weight(name, codes, scales.get()));
    }

    @Override
    public Shape shape() {
        return codes.entry().shape();
    }

    @Override
    public DType dtype() {
        return DType.FLOAT32;
    }

    @Override
    public List<String> misfits() {
        List<String> misfits = new ArrayList<>();
        if (codes.entry().type() != StoredType.I8 || shape().rank() != 2) {
            misfits.add(Quote.of(name) + " is " + codes.entry().type() + " " + shape() + ", expected I8 with two axes");
            return misfits;
        }
        WeightFile.Entry entry = scales.entry();
        if (!entry.type().isWeight() || entry.shape().size() != shape().dim(0)) {
            misfits.add(Quote.of(entry.name()) + " is " + entry.type() + " " + entry.shape() + ", expected F32 ["
                    + shape().dim(0) + "]");
        }
        return misfits;
    }

    private float[] factors() {
        DType dtype = scales.entry().type().dtype().orElseThrow();
        float[] factors = WeightDtypes.load(scales.bytes(), dtype, 0, shape().dim(0));
        for (int n = 0; n < factors.length; n++) {
            factors[n] /= TOP;
        }
        return factors;
    }

    @Override
    public void widen(Tensor target) {
        float[] factors = factors();
        int columns = shape().dim(1);
        IntStream.range(0, factors.length).parallel().forEach(n -> {
            byte[] row = row(n);
            float[] values = new float[columns];
            for (int k = 0; k < columns; k++) {
                values[k] = row[k] * factors[n];
            }
            WeightDtypes.store(values, target, (long) n * columns);
        });
    }

    private byte[] row(int n) {
        byte[] row = new byte[shape().dim(1)];
        MemorySegment.copy(codes.bytes(), ValueLayout.JAVA_BYTE, (long) n * row.length, row, 0, row.length);
        return row;
    }

    // ----------------------------------------------------------------------------------------------------- our codes

    private Form form() {
        int columns = QuantizedMatrix.blocks(shape().dim(1)) * QuantizedMatrix.BLOCK;
        int group =
                Arrays.stream(GROUPS).filter(g -> columns % g == 0).findFirst().orElseThrow();
        return new Form(8, group);
    }

    @Override
    public Optional<QuantizedMatrix> codesShapes(Backend backend) {
        return Optional.of(QuantizedParts.shapesOnly(form(), DType.UINT8, shape().dim(0), shape().dim(1), backend));
    }

    @Override
    public Optional<QuantizedMatrix> codes(Backend backend) {
        Form form = form();
        int rows = shape().dim(0);
        int columns = shape().dim(1);
        Shape scaleShape = form.scales(rows, columns);
        byte[] ones = new byte[Math.toIntExact(scaleShape.size())];
        Arrays.fill(ones, (byte) 1);
        float[] factors = Arrays.copyOf(factors(), QuantizedMatrix.tiles(rows) * TILE);
        return Optional.of(new QuantizedMatrix(
                form,
                rows,
                columns,
                Tensor.dense(backend, DType.UINT8, form.codes(rows, columns), MemorySegment.ofArray(arranged(form))),
                Tensor.dense(backend, DType.UINT8, scaleShape, MemorySegment.ofArray(ones)),
                Optional.empty(),
                Tensor.dense(backend, DType.FLOAT32, Shape.of(factors.length), MemorySegment.ofArray(factors)),
                Optional.empty()));
    }

    /** Sixteen rows side by side, four columns of each. */
    private byte[] arranged(Form form) {
        int rows = shape().dim(0);
        int columns = shape().dim(1);
        byte[] arranged = new byte[Math.toIntExact(form.codes(rows, columns).size())];
        int chunk = form.chunk();
        int perTile = arranged.length / QuantizedMatrix.tiles(rows);
        IntStream.range(0, rows).parallel().forEach(n -> {
            byte[] row = row(n);
            int first = n / TILE * perTile + n % TILE * chunk;
            for (int k = 0; k < columns; k += chunk) {
                System.arraycopy(row, k, arranged, first + k * TILE, Math.min(chunk, columns - k));
            }
        });
        return arranged;
    }
}
