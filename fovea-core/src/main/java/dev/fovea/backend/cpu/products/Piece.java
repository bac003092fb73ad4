package dev.fovea.backend.cpu.products;

import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Sums of some outputs of a weight for some panels of x, in memory of the current thread. */
final class Piece {
    /** Panels from which on rows of a weight, which straddle cache lines as a file has them, are brought near for tiles too. */
    private static final int MANY_PANELS = 3;

    /** Panels that share the asking for a weight's next part, each for some of it; of fewer the last one asks for all. */
    private static final int ASKING_PANELS = 4;

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    private final Kernels kernels;
    private final ProductCode.Arithmetic form;
    private final Scratch mine = SCRATCH.get();
    private final int first;
    private final int count;
    private final long x;
    private final int words;
    private final int panels;
    private final int groups;
    private final int padded;
    private final long wide;
    private final int pitch;
    private final long panelBytes;
    private final long sumBytes;
    private final long sums;

    /** What multiplies, brings a weight near, and takes results away: vectors or tiles, and narrowing where results have 16 bits. */
    record Kernels(
            ProductCode.Arithmetic form,
            @Nullable ProductCode vectors,
            @Nullable ProductCode fewPanels,
            @Nullable Tiles tiles,
            @Nullable NarrowingCode narrowing,
            TurningCode turning,
            Packing packing) {

        private static final Map<Made, Kernels> MADE = new ConcurrentHashMap<>();

        /** What kernels are made for, once: they hold nothing of a backend's. */
        private record Made(ProductCode.Arithmetic form, DotCode widening) {}

        /**
         * @param widening what makes float32 of the other dtypes
         * @throws dev.fovea.error.NativeException where the system runs none
         */
        static Kernels of(ProductCode.Arithmetic form, DotCode widening) {
            return MADE.computeIfAbsent(new Made(form, widening), Kernels::of);
        }

        private static Kernels of(Made made) {
            ProductCode.Arithmetic form = made.form;
            @Nullable
            Tiles tiles = switch (form) {
                case TILES -> TileCode.ofPairs();
                case SPLIT_TILES -> TileCode.ofSplit();
                case FEW_TILES -> new FewRowsCode(form.rows);
                case FLOATS_256, FLOATS_512, HALVES, PAIRS -> null;
            };
            DType results = form.results();
            TurningCode turning = new TurningCode();
            @Nullable ProductCode vectors = tiles == null ? ProductCode.of(form) : null;
            return new Kernels(
                    form,
                    vectors,
                    vectors != null && form.asks() ? ProductCode.ofFewPanels(form) : vectors,
                    tiles,
                    results == null ? null : new NarrowingCode(form.rows, results),
                    turning,
                    new Packing(form, made.widening, turning));
        }

        /** What rounds results of a dtype, if it does. */
        @Nullable
        NarrowingCode narrowing(DType results) {
            return results == form.results() ? narrowing : null;
        }

        /** With other tiles, which the form must be of. */
        Kernels by(Tiles others) {
            return new Kernels(form, null, null, others, narrowing, turning, packing);
        }
    }

    /** Products by AMX. */
    interface Tiles {
        /**
         * {@code sums (outputs groups, rows) += weight x}, with the form's outputs and rows.
         *
         * @param stride bytes between rows of the weight
         * @param x for each word all rows of a panel
         * @param words a multiple of the form's {@link ProductCode.Arithmetic#step}
         * @param sums float32
         */
        void multiply(long weight, long stride, long x, int words, long sums, int groups);
    }

    /** A thread's memory. */
    private static final class Scratch {
        private final Buffer weight = new Buffer();
        private final Buffer sums = new Buffer();
        private final Buffer lines = new Buffer();
        private final Buffer biases = new Buffer();
        private float[] line = {};
        private float[] bias = {};
    }

    /** @param x the first panel */
    Piece(Kernels kernels, int first, int count, long x, int words, int panels) {
        this.kernels = kernels;
        form = kernels.form();
        this.first = first;
        this.count = count;
        this.x = x;
        this.words = words;
        this.panels = panels;
        groups = Math.ceilDiv(count, form.outputs);
        padded = Math.ceilDiv(groups * form.outputs, NarrowingCode.OUTPUTS) * NarrowingCode.OUTPUTS;
        wide = (long) form.rows * Float.BYTES;
        pitch = form.pitch(words);
        panelBytes = words * wide;
        sumBytes = padded * wide;
        sums = mine.sums.bytes(words > form.words ? panels * sumBytes : sumBytes);
    }

    // --------------------------------------------------------------------------------------------------- products

    /**
     * All outputs for all panels of x: where K has one part, a panel's results leave before the next one's sums are made.
     *
     * @param next the first output that this thread will probably multiply behind these; there need be none
     */
    void run(Weight w, @Nullable Rows bias, Rows out, int next) {
        readBias(bias);
        NarrowingCode narrowing = kernels.narrowing(out.dtype());
        int length = form.part(words);
        for (int word = 0; word < words; word += length) {
            int part = Math.min(length, words - word);
            boolean last = word + length >= words;
            ProductCode vectors = panels < ASKING_PANELS ? kernels.fewPanels() : kernels.vectors();
            boolean asks = form.asks() && w.lies() && (!last || next < w.outputs());
            long wanted = asks ? w.at(last ? next : first, last ? 0 : (word + length) * form.perWord()) : 0;
            int lying = kernels.tiles() != null && lies(w, word, part) ? count / form.outputs : 0;
            long near = lying < groups ? near(w, lying * form.outputs, word, part) : 0;
            for (int panel = 0; panel < panels; panel++) {
                long to = sums(panel);
                if (word == 0) {
                    MEMORY.asSlice(to, sumBytes).fill((byte) 0);
                }
                long from = x + panel * panelBytes + word * wide;
                if (vectors != null) {
                    int asked = asks ? asked(vectors, panel) : -1;
                    long ahead = asked < 0 ? near : wanted + asked * w.stride();
                    long stride = asked < 0 ? 0 : w.stride();
                    vectors.multiply(near, from, rows(out, panel), part, to, groups, ahead, stride);
                } else if (kernels.tiles() != null) {
                    multiply(kernels.tiles(), w, word, near, from, part, to, lying);
                }
                if (last) {
                    store(narrowing, to, out, panel);
                }
            }
        }
    }

    private long sums(int panel) {
        return sums + (words > form.words ? panel * sumBytes : 0);
    }

    /** Of a panel, whose last rows may be none. */
    private int rows(Rows out, int panel) {
        return Math.min(form.rows, out.count() - panel * form.rows);
    }

    /** The first row of a part that a panel asks for: the last panels do, as what came long before might be gone. Below zero: none. */
    private int asked(ProductCode code, int panel) {
        int each = groups * code.asked();
        int before = Math.max(0, panels - Math.ceilDiv(count, each));
        return (panel - before) * each;
    }

    /** Some groups where they lie, the others brought near. */
    private void multiply(Tiles tiles, Weight w, int word, long near, long x, int part, long sums, int lying) {
        if (lying > 0) {
            tiles.multiply(w.at(first, word * form.perWord()), w.stride(), x, part, sums, lying);
        }
        if (lying < groups) {
            long behind = sums + (long) lying * form.outputs * wide;
            tiles.multiply(near, pitch, x, part, behind, groups - lying);
        }
    }

    /** Whether rows of a weight are multiplied where they lie. */
    private boolean lies(Weight w, int word, int part) {
        boolean whole = form.pairs() && w.lies() && (word + part) * form.perWord() <= w.inputs();
        return whole && panels < MANY_PANELS;
    }

    /** Some words of outputs from one on, beside each other, with zeros behind the last. */
    private long near(Weight w, int from, int word, int part) {
        long near = mine.weight.bytes((long) padded * pitch);
        int valid = count - from;
        MEMORY.asSlice(near + (long) valid * pitch, (long) (padded - count) * pitch)
                .fill((byte) 0);
        kernels.packing().weight(w, first + from, valid, word, part, near, pitch);
        return near;
    }

    // ---------------------------------------------------------------------------------------------------- results

    private void readBias(@Nullable Rows bias) {
        mine.bias = Lanes.atLeast(mine.bias, padded + Lanes.COUNT);
        Arrays.fill(mine.bias, 0, padded, 0);
        if (bias != null) {
            DType dtype = bias.dtype();
            Lanes.load(dtype, bias.address() + (long) first * dtype.bytes(), mine.bias, 0, count);
        }
        if (kernels.narrowing() != null) {
            Lanes.store(DType.FLOAT32, mine.bias, 0, mine.biases.floats(padded), padded);
        }
    }

    /** A panel's results, with the bias, rounded. */
    private void store(@Nullable NarrowingCode narrowing, long from, Rows out, int panel) {
        int row = panel * form.rows;
        int rows = rows(out, panel);
        if (narrowing != null) {
            narrow(narrowing, from, out, row, rows);
        } else {
            turn(from, out, row, rows);
        }
    }

    /** Straight to where results go, unless they fill no whole panel. */
    private void narrow(NarrowingCode code, long from, Rows out, int row, int rows) {
        long biases = mine.biases.floats(padded);
        long to = out.row(row) + (long) first * Short.BYTES;
        if (rows == form.rows && count % NarrowingCode.OUTPUTS == 0) {
            code.narrow(from, biases, count, to, out.stride());
            return;
        }
        long stride = (long) padded * Short.BYTES;
        long lines = mine.lines.bytes(form.rows * stride);
        code.narrow(from, biases, padded, lines, stride);
        for (int i = 0; i < rows; i++) {
            MemorySegment.copy(MEMORY, lines + i * stride, MEMORY, to + i * out.stride(), (long) count * Short.BYTES);
        }
    }

    private void turn(long from, Rows out, int row, int rows) {
        long stride = (long) padded * Float.BYTES;
        long lines = mine.lines.bytes(form.rows * stride);
        mine.line = Lanes.atLeast(mine.line, Lanes.padded(count));
        for (int o = 0; o < padded; o += TurningCode.SIDE) {
            kernels.turning().turn(from + o * wide, wide, form.rows, lines + (long) o * Float.BYTES, stride);
        }
        for (int i = 0; i < rows; i++) {
            Lanes.copy(lines + i * stride, mine.line, 0, count);
            add(mine.line, mine.bias, count);
            long to = out.row(row + i) + (long) first * out.dtype().bytes();
            Lanes.store(out.dtype(), mine.line, 0, to, count);
        }
    }

    private static void add(float[] to, float[] values, int count) {
        for (int i = 0; i < count; i++) {
            to[i] += values[i];
        }
    }
}
