package dev.fovea.backend.cpu.products;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Products of a panel of a weight with a panel of x in machine code. Both consist of words along K, each a float32 or a pair of
 * bfloat16: the weight's lie as they did, row by row, so that nothing of it is transposed; those of x, which is smaller, are
 * turned: for each word the rows side by side. So results are turned as well: for each output its rows.
 *
 * <p>Each result is one sum in the order of K, whatever else is computed, so its bits depend on its two rows alone.
 */
final class ProductCode {
    /** Words along K come in multiples of it, filled up with zeros. */
    static final int STEP = 32;

    /** Words of which one sum is made before it is added to those in front: shorter chains of additions are more exact. */
    static final int CHAIN = 32;

    private static final int UNROLLED = 4;
    private static final int TILE_SIDE = 16;
    private static final int TILE_BYTES = TILE_SIDE * Float.BYTES;
    private static final int SUM_TILES = 4;
    private static final Gpr[] SAVED = {Gpr.RBX, Gpr.R12};
    private static final int SHAPES_BYTES = 64;
    private static final int WIDTHS_AT = 16;
    private static final int HEIGHTS_AT = 48;

    /** Bytes behind a row of a weight's panel, or rows would lie in the same few sets of the cache. */
    private static final int GAP = 64;

    /** How words are multiplied, and in what sizes. */
    enum Arithmetic {
        /** float32 by AVX2. */
        FLOATS_256(256, 6, 16, 256),
        /** float32 by AVX-512. */
        FLOATS_512(512, 12, 32, 256),
        /** Pairs of bfloat16 by AVX512_BF16. */
        PAIRS(512, 12, 32, 256),
        /** Pairs of bfloat16 by AMX. */
        TILES(512, 32, 32, 512);

        /** Of a vector. */
        final int bits;

        /** Rows of the weight that a group has. */
        final int outputs;

        /** Rows of x that a panel has. */
        final int rows;

        /** Words of K that a panel of the weight has at most. */
        final int words;

        Arithmetic(int bits, int outputs, int rows, int words) {
            this.bits = bits;
            this.outputs = outputs;
            this.rows = rows;
            this.words = words;
        }

        boolean pairs() {
            return this == PAIRS || this == TILES;
        }

        /** Values of a word. */
        int perWord() {
            return pairs() ? 2 : 1;
        }

        /** Whether rows of the weight may lie as far apart as they like, as long as they are whole. */
        boolean anywhere() {
            return this == TILES;
        }

        /** Bytes between rows of the weight's panel. */
        int pitch() {
            return words * Float.BYTES + GAP;
        }
    }

    final Arithmetic arithmetic;
    private final MethodHandle products;

    /** @throws dev.fovea.error.NativeException where the system runs none */
    ProductCode(Arithmetic arithmetic) {
        this.arithmetic = arithmetic;
        products = MachineCode.function(arithmetic == Arithmetic.TILES ? tiles(arithmetic) : vectors(arithmetic));
    }

    /**
     * {@code sums (groups outputs, rows) += weight x}.
     *
     * @param weight rows that are {@link Arithmetic#pitch} bytes apart; or any distance, where that may be
     * @param x for each word all rows of a panel
     * @param words a multiple of {@link #STEP}
     * @param sums float32
     * @param groups of {@link Arithmetic#outputs} rows of the weight
     */
    void multiply(long weight, long stride, long x, int words, long sums, int groups) {
        int steps = words / (arithmetic == Arithmetic.TILES ? TILE_SIDE : CHAIN);
        MachineCode.call(products, weight, x, steps, sums, groups, Shapes.AT, stride);
    }

    /** As many accumulators as there are registers for, each a vector of rows of x for one output. */
    private static byte[] vectors(Arithmetic form) {
        Assembler a = new Assembler(form.bits);
        int width = form.bits / Byte.SIZE;
        int wide = form.rows * Float.BYTES / width; // vectors of x
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
                a.vmovups(x + i, Address.of(Gpr.R10, (k * wide + i) * width));
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
        a.add(Gpr.R10, UNROLLED * form.rows * Float.BYTES);
        a.sub(Gpr.R9, 1);
        a.jumpIfNotZero(loop);
        for (int i = 0; i < x; i++) {
            a.vmovups(weight, Address.of(Gpr.RCX, i * width));
            a.vaddps(form.bits, i, i, weight);
            a.vmovups(Address.of(Gpr.RCX, i * width), i);
        }
        a.sub(Gpr.R11, 1);
        a.jumpIfNotZero(chain);
        a.add(Gpr.RDI, form.outputs * form.pitch());
        a.add(Gpr.RCX, form.outputs * form.rows * Float.BYTES);
        a.sub(Gpr.R8, 1);
        a.jumpIfNotZero(group);
        a.vzeroupper();
        a.ret();
        return a.code();
    }

    /**
     * Two tiles of the weight and two of x make four of sums. The last arguments are where the tiles' shapes are and, in memory, the
     * distance between rows of the weight.
     */
    private static byte[] tiles(Arithmetic form) {
        Assembler a = new Assembler(form.bits);
        int wide = form.rows * Float.BYTES;
        int second = TILE_SIDE * wide;
        a.ldtilecfg(Address.of(Gpr.R9, 0));
        a.load(Gpr.R9, Address.of(Gpr.RSP, Long.BYTES));
        for (Gpr register : SAVED) {
            a.push(register);
        }
        a.clear(Gpr.RBX);
        a.add(Gpr.RBX, wide);
        int group = a.here();
        a.mov(Gpr.RAX, Gpr.RDI);
        further(a, Gpr.RDI);
        a.mov(Gpr.R12, Gpr.RDI);
        a.mov(Gpr.R10, Gpr.RSI);
        a.mov(Gpr.R11, Gpr.RDX);
        for (int i = 0; i < SUM_TILES; i++) {
            a.tileloadd(i, Address.indexed(Gpr.RCX, Gpr.RBX, 0, i / 2 * second + i % 2 * TILE_BYTES));
        }
        int loop = a.here();
        a.tileloadd(SUM_TILES, Address.indexed(Gpr.RAX, Gpr.R9, 0));
        a.tileloadd(SUM_TILES + 2, Address.indexed(Gpr.R10, Gpr.RBX, 0));
        a.tdpbf16ps(0, SUM_TILES, SUM_TILES + 2);
        a.tileloadd(SUM_TILES + 3, Address.indexed(Gpr.R10, Gpr.RBX, 0, TILE_BYTES));
        a.tdpbf16ps(1, SUM_TILES, SUM_TILES + 3);
        a.tileloadd(SUM_TILES + 1, Address.indexed(Gpr.R12, Gpr.R9, 0));
        a.tdpbf16ps(2, SUM_TILES + 1, SUM_TILES + 2);
        a.tdpbf16ps(3, SUM_TILES + 1, SUM_TILES + 3);
        a.add(Gpr.RAX, TILE_BYTES);
        a.add(Gpr.R12, TILE_BYTES);
        a.add(Gpr.R10, second);
        a.sub(Gpr.R11, 1);
        a.jumpIfNotZero(loop);
        for (int i = 0; i < SUM_TILES; i++) {
            a.tilestored(Address.indexed(Gpr.RCX, Gpr.RBX, 0, i / 2 * second + i % 2 * TILE_BYTES), i);
        }
        further(a, Gpr.RDI);
        a.add(Gpr.RCX, form.outputs * wide);
        a.sub(Gpr.R8, 1);
        a.jumpIfNotZero(group);
        a.tilerelease();
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.ret();
        return a.code();
    }

    /** The rows of a tile further on. */
    private static void further(Assembler a, Gpr row) {
        for (int i = 0; i < TILE_SIDE; i++) {
            a.add(row, Gpr.R9);
        }
    }

    /** Where the processor reads that all eight tiles have sixteen rows of 64 bytes. */
    private static final class Shapes {
        private static final long AT = write();

        private static long write() {
            MemorySegment shapes = Arena.global().allocate(SHAPES_BYTES, SHAPES_BYTES);
            shapes.set(JAVA_BYTE, 0, (byte) 1); // the one palette
            for (int tile = 0; tile < 2 * SUM_TILES; tile++) {
                shapes.set(JAVA_BYTE, WIDTHS_AT + 2L * tile, (byte) TILE_BYTES);
                shapes.set(JAVA_BYTE, HEIGHTS_AT + tile, (byte) TILE_SIDE);
            }
            return shapes.address();
        }
    }
}
