package dev.fovea.io;

import static dev.fovea.io.PublishedParts.PACKED;
import static dev.fovea.tensor.QuantizedMatrix.TILE;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.io.PublishedCodes.Packing;
import dev.fovea.io.QuantizedParts.Part;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.QuantizedMatrix.Form;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/** A weight that GPTQ or AWQ packed, in our form, with the same values. Its parts fit. */
final class PublishedMatrix {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int NIBBLE = 4;
    private static final int CODE = 15;

    /** Zero points are stored in eighths. */
    private static final int ZERO = (int) (1 / QuantizedMatrix.ZERO_UNIT);

    private final PublishedCodes published;
    private final PublishedParts parts;
    private final Form form;
    private final int rows;
    private final int columns;

    PublishedMatrix(PublishedCodes published, PublishedParts parts, int rows, int columns) {
        this.published = published;
        this.parts = parts;
        this.form = published.form(columns);
        this.rows = rows;
        this.columns = columns;
    }

    /** On the heap. */
    QuantizedMatrix read(Backend backend) {
        Optional<int[]> order = order();
        float[] factors = new float[QuantizedMatrix.tiles(rows) * TILE];
        Arrays.fill(factors, 1);
        Shape shape = form.scales(rows, columns);
        return new QuantizedMatrix(
                form,
                rows,
                columns,
                tensor(backend, DType.UINT8, form.codes(rows, columns), MemorySegment.ofArray(codes(order))),
                tensor(backend, DType.FLOAT32, shape, MemorySegment.ofArray(scales())),
                Optional.of(tensor(backend, DType.UINT8, shape, MemorySegment.ofArray(zeros()))),
                tensor(backend, DType.FLOAT32, Shape.of(factors.length), MemorySegment.ofArray(factors)),
                order.map(o -> tensor(backend, DType.INT32, Shape.of(columns), MemorySegment.ofArray(o))));
    }

    private static Tensor tensor(Backend backend, DType dtype, Shape shape, MemorySegment memory) {
        return Tensor.dense(backend, dtype, shape, memory);
    }

    private static MemorySegment bytes(Optional<Part> part) {
        return part.orElseThrow().bytes();
    }

    // --------------------------------------------------------------------------------------------------------- codes

    /** Ints of four bytes of our form, chunk by chunk of eight columns. */
    private int[] codes(Optional<int[]> order) {
        int chunks = QuantizedMatrix.blocks(columns) * QuantizedMatrix.BLOCK / PACKED;
        int[] codes = new int[QuantizedMatrix.tiles(rows) * chunks * TILE];
        IntStream.range(0, columns / PACKED).parallel().forEach(chunk -> {
            int[] words = published.packing() == Packing.AWQ ? turned(chunk) : rowsOf(chunk, order);
            for (int n = 0; n < rows; n++) {
                codes[(n / TILE * chunks + chunk) * TILE + n % TILE] = spread(words[n]);
            }
        });
        return codes;
    }

    /** From eight codes in their order to ours: the first four in the low halves of the bytes. */
    private static int spread(int codes) {
        return Integer.expand(codes & 0xffff, 0x0f0f0f0f) | Integer.expand(codes >>> 16, 0xf0f0f0f0);
    }

    /** GPTQ's: the codes of eight columns, for each row. */
    private int[] rowsOf(int chunk, Optional<int[]> order) {
        MemorySegment bytes = bytes(parts.codes());
        int[] words = new int[rows];
        if (order.isEmpty()) {
            MemorySegment.copy(bytes, INT, 4L * chunk * rows, words, 0, rows);
            return words;
        }
        int[] line = new int[rows];
        for (int i = 0; i < PACKED; i++) {
            int column = order.get()[chunk * PACKED + i];
            MemorySegment.copy(bytes, INT, 4L * (column / PACKED) * rows, line, 0, rows);
            int shift = column % PACKED * NIBBLE;
            for (int n = 0; n < rows; n++) {
                words[n] |= (line[n] >>> shift & CODE) << i * NIBBLE;
            }
        }
        return words;
    }

    /** AWQ's: eight columns of codes of eight rows each, turned to the codes of eight columns for each row. */
    private int[] turned(int chunk) {
        int width = rows / PACKED;
        int[] lines = new int[PACKED * width];
        MemorySegment.copy(bytes(parts.codes()), INT, 4L * chunk * lines.length, lines, 0, lines.length);
        int[] words = new int[rows];
        int[] square = new int[PACKED];
        for (int at = 0; at < width; at++) {
            for (int i = 0; i < PACKED; i++) {
                square[i] = lines[i * width + at];
            }
            turn(square, 4, 0x0000ffff);
            turn(square, 2, 0x00ff00ff);
            turn(square, 1, 0x0f0f0f0f);
            for (int i = 0; i < PACKED; i++) {
                words[at * PACKED + i] = square[placeInAwq(i)];
            }
        }
        return words;
    }

    /** Exchanges the squares of this side above the diagonal with those below. */
    private static void turn(int[] square, int side, int mask) {
        for (int i = 0; i < PACKED; i++) {
            if ((i & side) == 0) {
                int other = (square[i] >>> side * NIBBLE ^ square[i + side]) & mask;
                square[i + side] ^= other;
                square[i] ^= other << side * NIBBLE;
            }
        }
    }

    private static int placeInAwq(int row) {
        return row % 2 * 4 + row / 2;
    }

    // ---------------------------------------------------------------------------------------------- scales and zeros

    private float[] scales() {
        Part part = parts.scales().orElseThrow();
        int count = form.groups(columns);
        float[] stored = WeightDtypes.load(
                part.bytes(), part.entry().type().dtype().orElseThrow(), 0, Math.multiplyExact(count, rows));
        float[] scales = new float[QuantizedMatrix.tiles(rows) * count * TILE];
        for (int i = 0; i < stored.length; i++) {
            scales[place(i / rows, i % rows)] = stored[i];
        }
        return scales;
    }

    private byte[] zeros() {
        int count = form.groups(columns);
        MemorySegment bytes = bytes(parts.zeros());
        byte[] zeros = new byte[QuantizedMatrix.tiles(rows) * count * TILE];
        for (int g = 0; g < count; g++) {
            for (int n = 0; n < rows; n++) {
                int word = bytes.get(INT, 4L * (g * (rows / PACKED) + n / PACKED));
                int place = published.packing() == Packing.AWQ ? placeInAwq(n % PACKED) : n % PACKED;
                int zero = (word >>> place * NIBBLE) + published.zeroStep() & CODE; // one less than 0 is 15
                zeros[place(g, n)] = (byte) (zero * ZERO);
            }
        }
        return zeros;
    }

    private int place(int group, int row) {
        return (row / TILE * form.groups(columns) + group) * TILE + row % TILE;
    }

    // --------------------------------------------------------------------------------------------------------- order

    /**
     * Columns sorted by their groups, where GPTQ quantised them in another order than theirs ({@code desc_act}). Indexes that are all
     * 0 say nothing: older writers left them so.
     */
    private Optional<int[]> order() {
        if (parts.groups().isEmpty()) {
            return Optional.empty();
        }
        int[] groups = parts.groups().get().bytes().toArray(INT);
        int[] next = new int[form.groups(columns)];
        boolean inSequence = true;
        for (int k = 0; k < columns; k++) {
            checkGroup(groups[k], next);
            next[groups[k]]++;
            inSequence &= groups[k] == k / form.group();
        }
        if (inSequence || next[0] == columns) {
            return Optional.empty();
        }
        int first = 0;
        for (int g = 0; g < next.length; g++) {
            int count = next[g];
            int expected = Math.min(form.group(), columns - g * form.group());
            if (count != expected) {
                throw odd("gives group " + g + " " + count + " columns; expected " + expected);
            }
            next[g] = first;
            first += count;
        }
        int[] order = new int[columns];
        for (int k = 0; k < columns; k++) {
            order[next[groups[k]]++] = k;
        }
        return Optional.of(order);
    }

    private void checkGroup(int group, int[] groups) {
        if (group < 0 || group >= groups.length) {
            throw odd("has " + group + "; expected 0 to " + (groups.length - 1));
        }
    }

    private InputException odd(String found) {
        return new InputException(Quote.of(parts.stem() + "g_idx") + " " + found);
    }
}
