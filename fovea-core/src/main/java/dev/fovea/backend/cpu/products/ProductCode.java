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
 * <p>Each result is one sum in the order of K, by chains of words or, in tiles, step by step, whatever else is computed, so its bits
 * depend on its two rows alone.
 */
final class ProductCode {
    /** Words of which one sum is made before it is added to those in front: shorter chains of additions are more exact. */
    static final int CHAIN = 32;

    private static final int UNROLLED = 4;

    /** Bytes behind a row of a weight's panel, or rows would lie in the same few sets of the cache. */
    private static final int GAP = 64;

    /** How words are multiplied, and in what sizes. */
    enum Arithmetic {
        /** float32 by AVX2. */
        FLOATS_256(256, 6, 16, 256, CHAIN, Block.WIDE),
        /** float32 by AVX-512. */
        FLOATS_512(512, 12, 32, 1024, CHAIN, Block.LONG),
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
            return pairs() ? DType.BFLOAT16 : this == SPLIT_TILES || this == FLOATS_512 ? DType.FLOAT16 : null;
        }

        /** Values of a word. */
        int perWord() {
            return pairs() ? 2 : 1;
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

    final Arithmetic arithmetic;
    private final NativeFunction products;
    private final NativeFunction half;

    /** @throws dev.fovea.error.NativeException where the system runs none */
    ProductCode(Arithmetic arithmetic) {
        this.arithmetic = arithmetic;
        int wide = arithmetic.rows * Float.BYTES * Byte.SIZE / arithmetic.bits;
        products = MachineCode.nativeFunction(vectors(arithmetic, wide));
        half = MachineCode.nativeFunction(vectors(arithmetic, wide / 2));
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
     */
    void multiply(long weight, long x, int rows, int words, long sums, int groups) {
        (2 * rows <= arithmetic.rows ? half : products).call(weight, x, words / CHAIN, sums, groups, 0);
    }

    /**
     * As many accumulators as there are registers for, or half of them, each a vector of rows of x for one output.
     *
     * @param wide vectors of x
     */
    private static byte[] vectors(Arithmetic form, int wide) {
        Assembler a = new Assembler(form.bits);
        int width = form.bits / Byte.SIZE;
        int panel = form.rows * Float.BYTES;
        int x = form.outputs * wide;
        int weight = x + wide;
        int group = a.here();
        a.mov(Gpr.RAX, Gpr.RDI);
        a.mov(Gpr.R10, Gpr.RSI);
        a.mov(Gpr.R11, Gpr.RDX);
        int chain = a.here();
        for (int i = 0; i < x; i++) {
            a.vxorps(i);
        }
        a.clear(Gpr.R9);
        a.add(Gpr.R9, CHAIN / UNROLLED);
        int loop = a.here();
        for (int k = 0; k < UNROLLED; k++) {
            for (int i = 0; i < wide; i++) {
                a.vmovups(x + i, Address.of(Gpr.R10, k * panel + i * width));
            }
            for (int o = 0; o < form.outputs; o++) {
                a.vpbroadcastd(weight, Address.of(Gpr.RAX, o * form.pitch() + k * Float.BYTES));
                for (int i = 0; i < wide; i++) {
                    if (form.pairs()) {
                        a.vdpbf16ps(o * wide + i, x + i, weight);
                    } else {
                        a.vfmadd231ps(o * wide + i, x + i, weight);
                    }
                }
            }
        }
        a.add(Gpr.RAX, UNROLLED * Float.BYTES);
        a.add(Gpr.R10, UNROLLED * panel);
        a.sub(Gpr.R9, 1);
        a.jumpIfNotZero(loop);
        for (int i = 0; i < x; i++) {
            Address sum = Address.of(Gpr.RCX, i / wide * panel + i % wide * width);
            a.vmovups(weight, sum);
            a.vaddps(form.bits, i, i, weight);
            a.vmovups(sum, i);
        }
        a.sub(Gpr.R11, 1);
        a.jumpIfNotZero(chain);
        a.add(Gpr.RDI, form.outputs * form.pitch());
        a.add(Gpr.RCX, form.outputs * panel);
        a.sub(Gpr.R8, 1);
        a.jumpIfNotZero(group);
        a.vzeroupper();
        a.ret();
        return a.code();
    }
}
