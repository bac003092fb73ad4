package dev.fovea.backend.cpu.products;

import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;

/**
 * {@link TileCode} for up to sixteen rows of x, bound by how fast the weight comes from memory: one tile of sums, and sixteen rows of
 * the weight after another, each read from end to end. More of them at a time would want more pages than are fetched ahead.
 *
 * <p>Sums are made in the order of {@link TileCode}, so that a row has the same bits among few rows as among many.
 */
final class FewRowsCode implements Piece.Tiles {
    private static final int SIDE = TileShapes.SIDE;
    private static final int LINE = TileShapes.LINE;

    /** Lines of each row of the weight that are asked for before they are needed. */
    private static final int AHEAD = 8;

    private static final int SUMS = 0;
    private static final int X = 1;
    private static final int WEIGHT = TileShapes.WEIGHTS;

    private static final Gpr ROWS = Gpr.RDI;
    private static final Gpr STRIDE = Gpr.RSI;
    private static final Gpr AT = Gpr.RAX;
    private static final Gpr X_AT = Gpr.R10;
    private static final Gpr X_STRIDE = Gpr.RBX;
    private static final Gpr LEFT = Gpr.R11;
    private static final Gpr THREE = Gpr.R12;
    private static final Gpr FOUR = Gpr.R14;
    private static final Gpr FETCHED = Gpr.RBP;
    private static final Gpr UNTIL_NEXT = Gpr.R13;
    private static final Gpr FREE = Gpr.R15;
    private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};

    private final long shapes;
    private final NativeFunction fetching;
    private final NativeFunction plain;

    /**
     * @param columns rows of x that lie side by side for each word: 1, which is a row as it lies, to 16
     */
    FewRowsCode(int columns) {
        shapes = TileShapes.of(columns);
        fetching = MachineCode.nativeFunction(code(columns, true));
        plain = MachineCode.nativeFunction(code(columns, false));
    }

    /** For a row as it lies. */
    static FewRowsCode ofOne() {
        return One.CODE;
    }

    private static final class One {
        private static final FewRowsCode CODE = new FewRowsCode(1);
    }

    @Override
    public void multiply(long weight, long stride, long x, int words, long sums, int groups) {
        int steps = words / SIDE;
        (steps > AHEAD ? fetching : plain).call(weight, stride, x, steps, sums, groups, shapes);
    }

    /** A function of the weight and its stride, x, steps of a row, sums, groups of sixteen rows, and shapes of tiles. */
    private static byte[] code(int columns, boolean fetches) {
        Assembler a = new Assembler(512);
        a.load(Gpr.RAX, Address.of(Gpr.RSP, Long.BYTES));
        a.ldtilecfg(Address.of(Gpr.RAX, 0));
        for (Gpr register : SAVED) {
            a.push(register);
        }
        a.clear(X_STRIDE);
        a.add(X_STRIDE, columns * Float.BYTES);
        a.mov(THREE, STRIDE);
        a.add(THREE, STRIDE);
        a.add(THREE, STRIDE);
        a.mov(FOUR, THREE);
        a.add(FOUR, STRIDE);
        a.mov(FETCHED, ROWS);
        a.add(FETCHED, AHEAD * LINE);
        a.mov(UNTIL_NEXT, Gpr.RCX);
        a.sub(UNTIL_NEXT, AHEAD);
        int group = a.here();
        group(a, columns, fetches);
        further(a, ROWS);
        a.add(Gpr.R8, SIDE * LINE);
        a.sub(Gpr.R9, 1);
        a.jumpIfNotZero(group);
        a.tilerelease();
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.ret();
        return a.code();
    }

    private static void group(Assembler a, int columns, boolean fetches) {
        a.mov(AT, ROWS);
        a.mov(X_AT, Gpr.RDX);
        a.mov(LEFT, Gpr.RCX);
        sums(a);
        a.tileloadd(SUMS, Address.indexed(Gpr.R8, FREE, 0));
        int step = a.here();
        if (fetches) {
            fetch(a);
        }
        a.tileloadd(WEIGHT, Address.indexed(AT, STRIDE, 0));
        a.tileloadd(X, Address.indexed(X_AT, X_STRIDE, 0));
        a.tdpbf16ps(SUMS, WEIGHT, X);
        a.add(AT, LINE);
        a.add(X_AT, columns * LINE);
        a.sub(LEFT, 1);
        a.jumpIfNotZero(step);
        sums(a);
        a.tilestored(Address.indexed(Gpr.R8, FREE, 0), SUMS);
    }

    /** Rows of sums lie so far apart. */
    private static void sums(Assembler a) {
        a.clear(FREE);
        a.add(FREE, LINE);
    }

    /** Sixteen lines; behind the end of the rows it goes on with the sixteen below. */
    private static void fetch(Assembler a) {
        a.mov(FREE, FETCHED);
        for (int i = 0; i < SIDE; i += 4) {
            a.prefetcht0(Address.of(FREE, 0));
            a.prefetcht0(Address.indexed(FREE, STRIDE, 0));
            a.prefetcht0(Address.indexed(FREE, STRIDE, 1));
            a.prefetcht0(Address.indexed(FREE, THREE, 0));
            a.add(FREE, FOUR);
        }
        a.add(FETCHED, LINE);
        a.sub(UNTIL_NEXT, 1);
        int within = a.jumpAheadIfNotZero();
        a.mov(UNTIL_NEXT, Gpr.RCX);
        a.mov(FETCHED, ROWS);
        further(a, FETCHED);
        a.land(within);
    }

    /** Sixteen rows on. */
    private static void further(Assembler a, Gpr row) {
        for (int i = 0; i < SIDE; i += 4) {
            a.add(row, FOUR);
        }
    }
}
