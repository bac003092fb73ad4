package dev.fovea.io;

import dev.fovea.io.QuantizedParts.Part;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.LosslessMatrix;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/** How a {@link LosslessMatrix} is stored: its parts as tensors of their own, by the weight's name and an ending. */
public final class LosslessParts {
    public static final String CODES = ".codes";
    public static final String BASES = ".bases";
    public static final String RAW = ".raw";

    /** Values that one task widens. */
    private static final int CHUNK = 1 << 20;

    private final String name;
    private final Optional<Part> codes;
    private final Part bases;
    private final Optional<Part> raw;

    private LosslessParts(String name, Optional<Part> codes, Part bases, Optional<Part> raw) {
        this.name = name;
        this.codes = codes;
        this.bases = bases;
        this.raw = raw;
    }

    /**
     * The parts of a weight, where it is stored so.
     *
     * @param find a stored tensor by its name
     */
    static Optional<LosslessParts> find(String name, Function<String, Optional<Part>> find) {
        return find.apply(name + BASES)
                .map(bases -> new LosslessParts(name, find.apply(name + CODES), bases, find.apply(name + RAW)));
    }

    /** What is missing, or has another shape or type than it should have; empty where all fits. */
    List<String> misfits(int rows, int columns) {
        if (!LosslessMatrix.holds(columns)) {
            return List.of(name + BASES + " is there, and " + columns + " columns are no whole blocks of "
                    + LosslessMatrix.BLOCK);
        }
        LosslessMatrix.Shapes shapes = LosslessMatrix.shapes(rows, columns);
        List<String> found = new ArrayList<>();
        check(CODES, codes, StoredType.U8, shapes.codes(), found);
        check(BASES, Optional.of(bases), StoredType.U8, shapes.bases(), found);
        int held = raw.map(part -> part.entry().shape())
                .filter(shape -> shape.rank() > 0)
                .map(shape -> shape.dim(0))
                .orElse(0);
        check(RAW, raw, StoredType.BF16, Shape.of(Math.max(1, held), LosslessMatrix.BLOCK), found);
        return found;
    }

    private void check(String ending, Optional<Part> part, StoredType type, Shape shape, List<String> found) {
        if (part.isEmpty()) {
            found.add(name + ending + " is missing");
        } else if (part.get().entry().type() != type
                || !part.get().entry().shape().equals(shape)) {
            found.add(name + ending + " is " + part.get().entry().type()
                    + part.get().entry().shape() + ", expected " + type + shape);
        }
    }

    /** What lies in the files, where nothing {@linkplain #misfits misfits}. */
    LosslessMatrix matrix(int rows, int columns, Backend backend, Backend home) {
        return new LosslessMatrix(
                rows,
                columns,
                codes.orElseThrow().tensor(backend, home),
                bases.tensor(backend, home),
                raw.orElseThrow().tensor(backend, home));
    }

    /** A weight without data; how much of one is kept as it is, nobody knows before. */
    static LosslessMatrix shapesOnly(int rows, int columns, Backend backend) {
        LosslessMatrix.Shapes shapes = LosslessMatrix.shapes(rows, columns);
        return new LosslessMatrix(
                rows,
                columns,
                Tensor.dense(backend, DType.UINT8, shapes.codes(), MemorySegment.NULL),
                Tensor.dense(backend, DType.UINT8, shapes.bases(), MemorySegment.NULL),
                Tensor.dense(backend, DType.BFLOAT16, Shape.of(1, LosslessMatrix.BLOCK), MemorySegment.NULL));
    }

    /** Fills a tensor of its shape with what lies in the host's memory, on all processors; rounded where it is of another dtype. */
    static void widen(LosslessMatrix w, Tensor to) {
        int perTask = Math.max(1, CHUNK / Math.max(1, w.columns()));
        IntStream.range(0, Math.ceilDiv(w.rows(), perTask)).parallel().forEach(task -> {
            int first = task * perTask;
            int count = Math.min(perTask, w.rows() - first);
            short[] bits = new short[count * w.columns()];
            short[] row = new short[w.columns()];
            for (int n = 0; n < count; n++) {
                w.row(first + n, row);
                System.arraycopy(row, 0, bits, n * row.length, row.length);
            }
            long from = (long) first * w.columns();
            if (to.dtype() == DType.BFLOAT16) {
                to.backend().write(MemorySegment.ofArray(bits), to.run(from, bits.length));
            } else {
                WeightDtypes.store(
                        WeightDtypes.load(MemorySegment.ofArray(bits), DType.BFLOAT16, 0, bits.length), to, from);
            }
        });
    }
}
