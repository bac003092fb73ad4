package dev.fovea.backend.cpu.products;

import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import java.lang.invoke.MethodHandle;

/**
 * {@link TileCode} for float16: each value is the sum of two bfloat16, exactly, and each of a weight's two meets each of x's. Four products by AMX are
 * faster than one by vectors, and sums are float32 here as there.
 *
 * <p>Words come 32 at a time, as {@link SplittingCode} has them: those of the greater parts, then those of the rests.
 */
final class SplitTileCode implements Piece.Tiles {
    private static final int SIDE = TileShapes.SIDE;
    private static final int LINE = TileShapes.LINE;
    private static final int TILES = 4; // of sums; and as many of operands
    private static final int WIDE = 2 * LINE; // a word's rows of a panel of x, an output's rows of sums
    private static final int SECOND =
            SIDE * WIDE; // from the upper to the lower tiles of sums, or of x from parts to rests
    private static final int GROUP = 2 * SECOND; // to the sums of the next outputs
    private static final Gpr[] SAVED = {Gpr.RBX, Gpr.R12};
    private static final long SHAPES = TileShapes.of(SIDE);

    private final MethodHandle products = MachineCode.function(code());

    @Override
    public void multiply(long weight, long stride, long x, int words, long sums, int groups) {
        MachineCode.call(products, weight, x, words / (2 * SIDE), sums, groups, SHAPES, stride);
    }

    private static byte[] code() {
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
        int step = a.here();
        step(a);
        a.sub(Gpr.R11, 1);
        a.jumpIfNotZero(step);
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

    /** 32 values of K. */
    private static void step(Assembler a) {
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
