package dev.fovea.backend.cpu.products;

import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import dev.fovea.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * Products of a panel of a weight with a panel of x in machine code. Both consist of words along K, each a float32 or a pair of
 * bfloat16; in {@link Arithmetic#SPLIT_TILES} 32 values are 16 pairs of their greater parts, then 16 of their rests. The weight's
 * lie as they did, row by row, so that nothing of it is transposed; those of x, which is smaller, are turned: for each word the rows
 * side by side. So results are turned as well: for each output its rows.
 *
 * <p>Each result is one sum in the order of K, by chains of words, of 16-bit values by parts or, in tiles, step by step, whatever else is
 * computed, so its bits depend on its two rows alone.
 */
final class ProductCode {
    /** Words of which one sum is made before it is added to those in front: shorter chains of additions are more exact. */
    static final int CHAIN = 32;

    /** Rows of the weight that are asked for at a time, at places that an address can name. */
    private static final int ASKED = 3;

    private static final int UNROLLED = 4;

    /** Bytes behind a row of a weight's panel, or rows would lie in the same few sets of the cache. */
    private static final int GAP = 64;

    /** How words are multiplied, and in what sizes. */
    enum Arithmetic {
        /** float32 by AVX2. */
        FLOATS_256(256, 6, 16, 256, CHAIN, Block.WIDE),
        /** float32 by AVX-512. */
        FLOATS_512(512, 12, 32, 1024, CHAIN, Block.LONG),
        /** float16 as float32 by AVX-512. */
        HALVES(512, 12, 32, 1024, CHAIN, Block.LONG),
        /** Pairs of bfloat16 by AVX512_BF16. */
        PAIRS(512, 12, 32, 1024, CHAIN, Block.LONG),
        /** Pairs of bfloat16 by AMX: {@link TileCode}. */
        TILES(512, 32, 32, 1024, TileShapes.SIDE, Block.WIDE),
        /** The same for few rows: {@link FewRowsCode}. */
        FEW_TILES(512, 16, 16, 1 << 14, TileShapes.SIDE, Block.WIDE),
        /** float16 as two bfloat16 by AMX: {@link TileCode#ofSplit}. */
        SPLIT_TILES(512, 32, 32, 1024, SplittingCode.STEP, Block.WIDE);

        /** Of a vector. */
        final int bits;

        /** Rows of the weight that a group has. */
        final int outputs;

        /** Rows of x that a panel has. */
        final int rows;

        /** Words of K that a panel of the weight has at most. */
        final int words;

        /** Words along K come in multiples of it, filled up with zeros. */
        final int step;

        /** What a thread multiplies at once. */
        final Block block;

        Arithmetic(int bits, int outputs, int rows, int words, int step, Block block) {
            this.bits = bits;
            this.outputs = outputs;
            this.rows = rows;
            this.words = words;
            this.step = step;
            this.block = block;
        }

        boolean pairs() {
            return this == PAIRS || this == TILES || this == FEW_TILES;
        }

        boolean tiles() {
            return this == TILES || this == FEW_TILES || this == SPLIT_TILES;
        }

        /** The dtype of results that {@link NarrowingCode} rounds. */
        @Nullable
        DType results() {
            return pairs()
                    ? DType.BFLOAT16
                    : this == SPLIT_TILES || this == FLOATS_512 || this == HALVES ? DType.FLOAT16 : null;
        }

        /** Values of a word. */
        int perWord() {
            return pairs() ? 2 : 1;
        }

        /**
         * Whether float32 sums are made of chains. Those of 16-bit values go on through a part: they are rounded to 16 bits, and
         * adding up chains takes a thirtieth of the time.
         */
        private boolean inChains() {
            return this == FLOATS_256 || this == FLOATS_512;
        }

        /** Whether the weight's next part is asked for while one is multiplied. */
        boolean asks() {
            return this == PAIRS;
        }

        /** Words of a part of K, of so many in all: parts are as long as each other, since each asks for the next one. */
        int part(int all) {
            int parts = Math.max(1, Math.ceilDiv(all, words));
            return tiles() ? words : Math.ceilDiv(Math.ceilDiv(all, parts), step) * step;
        }

        /** Bytes between rows of the weight's panel, for so many words of K in all. */
        int pitch(int all) {
            return (tiles() ? Math.min(all, words) : words) * Float.BYTES + GAP;
        }

        /** Where a panel has all its words. */
        private int pitch() {
            return pitch(words);
        }
    }

    /**
     * Rows of x that meet outputs of a part of the weight, at most: their sums stay in the second-level cache.
     *
     * @param outputs multiples of all groups but those of tiles
     */
    record Block(int rows, int outputs) {
        /** For parts of few words. */
        private static final Block WIDE = new Block(256, 192);

        /** For parts of many words: fewer outputs of them are read in longer runs, and once for more rows. */
        private static final Block LONG = new Block(512, 96);
    }

    private static final Gpr COUNT = Gpr.R9;
    private static final Gpr NEXT = Gpr.RBX;
    private static final Gpr NEXT_STRIDE = Gpr.R12;
    private static final Gpr ASKED_AT = Gpr.R13;
    private static final Gpr ASKED_ROW = Gpr.R14;
    private static final Gpr[] SAVED = {NEXT, NEXT_STRIDE, ASKED_AT, ASKED_ROW};
    private static final int SEVENTH_AT = (1 + SAVED.length) * Long.BYTES;

    private final Arithmetic arithmetic;
    private final int asked;
    private final NativeFunction whole;
    private final NativeFunction most;
    private final NativeFunction half;

    private ProductCode(Arithmetic arithmetic, int asked) {
        this.arithmetic = arithmetic;
        this.asked = asked;
        int bits = arithmetic.bits;
        whole = function(bits, bits);
        most = bits == 512 ? function(bits, bits / 2) : whole;
        half = function(bits);
    }

    private NativeFunction function(int... widths) {
        return MachineCode.nativeFunction(vectors(arithmetic, widths, asked));
    }

    /** @throws dev.fovea.error.NativeException where the system runs none */
    static ProductCode of(Arithmetic form) {
        return new ProductCode(form, form.asks() ? ASKED : 0);
    }

    /** The same for few panels, the last of which asks for all of the weight's next part, where the form asks. */
    static ProductCode ofFewPanels(Arithmetic form) {
        return new ProductCode(form, form.asks() ? form.outputs : 0);
    }

    /** Rows of the weight that are asked for with each group of outputs; 0 where the form does not ask. */
    int asked() {
        return asked;
    }

    /**
     * {@code sums (groups outputs, rows) += weight x}.
     *
     * @param weight rows that are {@link Arithmetic#pitch} bytes apart
     * @param x for each word all rows of a panel
     * @param rows of x whose sums are wanted, from the first on; others may have theirs or none
     * @param words a multiple of {@link Arithmetic#step}
     * @param sums float32
     * @param groups of {@link Arithmetic#outputs} rows of the weight
     * @param next rows that are asked for where the form {@link Arithmetic#asks}, as many words of each: {@link #asked} for a group
     * @param nextStride bytes between those
     */
    void multiply(long weight, long x, int rows, int words, long sums, int groups, long next, long nextStride) {
        NativeFunction code = 2 * rows <= arithmetic.rows ? half : 4 * rows <= 3 * arithmetic.rows ? most : whole;
        code.call(weight, x, words / CHAIN, sums, groups, next, nextStride);
    }

    /**
     * As many accumulators as there are registers for, or half of them, each a vector of rows of x for one output.
     *
     * @param widths of the vectors of x, in bits: half a vector takes half the time where the processor has units of that width
     */
    private static byte[] vectors(Arithmetic form, int[] widths, int asked) {
        Assembler a = new Assembler(form.bits);
        int panel = form.rows * Float.BYTES;
        int sums = form.outputs * widths.length;
        if (form.asks()) {
            beginAsking(a);
        }
        int group = a.here();
        a.mov(Gpr.RAX, Gpr.RDI);
        a.mov(Gpr.R10, Gpr.RSI);
        a.mov(Gpr.R11, Gpr.RDX);
        if (!form.inChains()) {
            clear(a, sums);
        }
        int chain = a.here();
        if (form.inChains()) {
            clear(a, sums);
        }
        if (form.asks()) {
            ask(a, asked);
        }
        a.clear(COUNT);
        a.add(COUNT, CHAIN / UNROLLED);
        int loop = a.here();
        for (int k = 0; k < UNROLLED; k++) {
            word(a, form, widths, k);
        }
        a.add(Gpr.RAX, UNROLLED * Float.BYTES);
        a.add(Gpr.R10, UNROLLED * panel);
        a.sub(COUNT, 1);
        a.jumpIfNotZero(loop);
        if (form.inChains()) {
            add(a, form, widths);
        }
        a.sub(Gpr.R11, 1);
        a.jumpIfNotZero(chain);
        if (!form.inChains()) {
            add(a, form, widths);
        }
        a.add(Gpr.RDI, form.outputs * form.pitch());
        a.add(Gpr.RCX, form.outputs * panel);
        if (form.asks()) {
            askFurther(a, asked);
        }
        a.sub(Gpr.R8, 1);
        a.jumpIfNotZero(group);
        a.vzeroupper();
        if (form.asks()) {
            endAsking(a);
        }
        a.ret();
        return a.code();
    }

    private static void clear(Assembler a, int sums) {
        for (int i = 0; i < sums; i++) {
            a.vxorps(i);
        }
    }

    private static void word(Assembler a, Arithmetic form, int[] widths, int k) {
        int wide = widths.length;
        int x = form.outputs * wide;
        int weight = x + wide;
        for (int i = 0; i < wide; i++) {
            a.vmovups(widths[i], x + i, Address.of(Gpr.R10, k * form.rows * Float.BYTES + i * form.bits / Byte.SIZE));
        }
        for (int o = 0; o < form.outputs; o++) {
            a.vpbroadcastd(weight, Address.of(Gpr.RAX, o * form.pitch() + k * Float.BYTES));
            for (int i = 0; i < wide; i++) {
                if (form.pairs()) {
                    a.vdpbf16ps(widths[i], o * wide + i, x + i, weight);
                } else {
                    a.vfmadd231ps(widths[i], o * wide + i, x + i, weight);
                }
            }
        }
    }

    /** Sums in registers to those in memory. */
    private static void add(Assembler a, Arithmetic form, int[] widths) {
        int wide = widths.length;
        int sums = form.outputs * wide;
        for (int i = 0; i < sums; i++) {
            int width = widths[i % wide];
            Address sum = Address.of(Gpr.RCX, i / wide * form.rows * Float.BYTES + i % wide * (form.bits / Byte.SIZE));
            a.vmovups(width, sums, sum);
            a.vaddps(width, i, i, sums);
            a.vmovups(width, sum, i);
        }
    }

    // ----------------------------------------------------------------------------------------------------- asking

    private static void beginAsking(Assembler a) {
        for (Gpr register : SAVED) {
            a.push(register);
        }
        a.mov(NEXT, COUNT); // the sixth argument
        a.load(NEXT_STRIDE, Address.of(Gpr.RSP, SEVENTH_AT));
        a.mov(ASKED_AT, NEXT);
    }

    /** As many bytes of each row as a chain has. */
    private static void ask(Assembler a, int rows) {
        a.mov(ASKED_ROW, ASKED_AT);
        for (int first = 0; first < rows; first += ASKED) {
            if (first > 0) {
                add(a, ASKED_ROW, ASKED);
            }
            for (int at = 0; at < CHAIN * Float.BYTES; at += TileShapes.LINE) {
                for (int row = 0; row < ASKED; row++) {
                    a.prefetcht1(
                            row == 0
                                    ? Address.of(ASKED_ROW, at)
                                    : Address.indexed(ASKED_ROW, NEXT_STRIDE, row - 1, at));
                }
            }
        }
        a.add(ASKED_AT, CHAIN * Float.BYTES);
    }

    private static void askFurther(Assembler a, int rows) {
        add(a, NEXT, rows);
        a.mov(ASKED_AT, NEXT);
    }

    private static void add(Assembler a, Gpr to, int rows) {
        for (int row = 0; row < rows; row++) {
            a.add(to, NEXT_STRIDE);
        }
    }

    private static void endAsking(Assembler a) {
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
    }
}
