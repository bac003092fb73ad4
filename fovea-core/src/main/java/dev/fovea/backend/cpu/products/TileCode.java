package dev.fovea.backend.cpu.products;

import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import java.util.function.Consumer;

/**
 * {@link ProductCode} by AMX: two tiles of the weight and two of x make four of sums, which are read and written once for a thousand
 * words of K.
 *
 * <p>Rows of the weight may lie as far apart as they like; but a tile whose rows straddle cache lines takes twice as long to load,
 * and what a file holds begins at no multiple of a line.
 */
final class TileCode implements Piece.Tiles {
    private static final int SIDE = TileShapes.SIDE;
    private static final int LINE = TileShapes.LINE;
    private static final int TILES = 4; // of sums; and as many of operands
    private static final int WIDE = 2 * LINE; // a word's rows of a panel of x, an output's rows of sums
    private static final int SECOND =
            SIDE * WIDE; // from the upper to the lower tiles of sums, or of x to the next ones or from parts to rests
    private static final int GROUP = 2 * SECOND; // to the sums of the next outputs
    private static final Gpr[] SAVED = {Gpr.RBX, Gpr.R12};

    private static final long SHAPES = TileShapes.of(SIDE);

    private final int words; // of a step
    private final NativeFunction products;

    private TileCode(ProductCode.Arithmetic form, Consumer<Assembler> step) {
        words = form.step;
        products = MachineCode.nativeFunction(code(step));
    }

    /** Of pairs of bfloat16. */
    static TileCode ofPairs() {
        return new TileCode(ProductCode.Arithmetic.TILES, TileCode::pairs);
    }

    /**
     * Of float16: each value is the sum of two bfloat16, exactly, and each of a weight's two meets each of x's. Four products by AMX
     * are faster than one by vectors, and sums are float32 here as there. Words come 32 at a time, as {@link SplittingCode} has them:
     * those of the greater parts, then those of the rests.
     */
    static TileCode ofSplit() {
        return new TileCode(ProductCode.Arithmetic.SPLIT_TILES, TileCode::split);
    }

    @Override
    public void multiply(long weight, long stride, long x, int count, long sums, int groups) {
        products.call(weight, x, count / words, sums, groups, SHAPES, stride);
    }

    private static byte[] code(Consumer<Assembler> step) {
        Assembler a = new Assembler(512);
        a.ldtilecfg(Address.of(Gpr.R9, 0));
        a.load(Gpr.R9, Address.of(Gpr.RSP, Long.BYTES));
        for (Gpr register : SAVED) {
            a.push(register);
        }
        a.clear(Gpr.RBX);
        a.add(Gpr.RBX, WIDE);
        int group = a.here();
        a.mov(Gpr.RAX, Gpr.RDI);
        further(a, Gpr.RDI);
        a.mov(Gpr.R12, Gpr.RDI);
        a.mov(Gpr.R10, Gpr.RSI);
        a.mov(Gpr.R11, Gpr.RDX);
        for (int i = 0; i < TILES; i++) {
            a.tileloadd(i, sums(i));
        }
        int loop = a.here();
        step.accept(a);
        a.sub(Gpr.R11, 1);
        a.jumpIfNotZero(loop);
        for (int i = 0; i < TILES; i++) {
            a.tilestored(sums(i), i);
        }
        further(a, Gpr.RDI);
        a.add(Gpr.RCX, GROUP);
        a.sub(Gpr.R8, 1);
        a.jumpIfNotZero(group);
        a.tilerelease();
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.ret();
        return a.code();
    }

    private static Address sums(int tile) {
        return Address.indexed(Gpr.RCX, Gpr.RBX, 0, tile / 2 * SECOND + tile % 2 * LINE);
    }

    /** Sixteen words of K. All tiles are loaded before the first is multiplied, which is a twentieth faster. */
    private static void pairs(Assembler a) {
        a.tileloadd(TILES, Address.indexed(Gpr.RAX, Gpr.R9, 0));
        a.tileloadd(TILES + 2, Address.indexed(Gpr.R10, Gpr.RBX, 0));
        a.tileloadd(TILES + 3, Address.indexed(Gpr.R10, Gpr.RBX, 0, LINE));
        a.tileloadd(TILES + 1, Address.indexed(Gpr.R12, Gpr.R9, 0));
        multiply(a);
        a.add(Gpr.RAX, LINE);
        a.add(Gpr.R12, LINE);
        a.add(Gpr.R10, SECOND);
    }

    /** 32 values of K. */
    private static void split(Assembler a) {
        weight(a, 0);
        x(a, 0);
        multiply(a);
        x(a, SECOND);
        multiply(a);
        weight(a, LINE);
        multiply(a);
        x(a, 0);
        multiply(a);
        a.add(Gpr.RAX, 2 * LINE);
        a.add(Gpr.R12, 2 * LINE);
        a.add(Gpr.R10, 2 * SECOND);
    }

    private static void weight(Assembler a, int at) {
        a.tileloadd(TILES, Address.indexed(Gpr.RAX, Gpr.R9, 0, at));
        a.tileloadd(TILES + 1, Address.indexed(Gpr.R12, Gpr.R9, 0, at));
    }

    private static void x(Assembler a, int at) {
        a.tileloadd(TILES + 2, Address.indexed(Gpr.R10, Gpr.RBX, 0, at));
        a.tileloadd(TILES + 3, Address.indexed(Gpr.R10, Gpr.RBX, 0, at + LINE));
    }

    private static void multiply(Assembler a) {
        a.tdpbf16ps(0, TILES, TILES + 2);
        a.tdpbf16ps(1, TILES, TILES + 3);
        a.tdpbf16ps(2, TILES + 1, TILES + 2);
        a.tdpbf16ps(3, TILES + 1, TILES + 3);
    }

    /** The rows of a tile further on. */
    private static void further(Assembler a, Gpr row) {
        for (int i = 0; i < SIDE; i++) {
            a.add(row, Gpr.R9);
        }
    }
}
