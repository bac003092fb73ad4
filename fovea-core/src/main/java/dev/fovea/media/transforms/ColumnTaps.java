package dev.fovea.media.transforms;

import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import java.lang.foreign.MemorySegment;

/** Weighs pixels along columns by machine code (AVX2), 32 bytes of two rows at a time. */
final class ColumnTaps {
    private static final int HALF = 16; // bytes that fill a vector as 16-bit numbers
    private static final int SUMS = TapsTable.BYTES / 8; // vectors of 32-bit numbers

    // registers: sums of the lower parts are 0 to 3, of the upper parts 4 to 7
    private static final int HIGH = SUMS;
    private static final int FIRST = 8;
    private static final int SECOND = 9;
    private static final int PAIRS = 10;
    private static final int PRODUCTS = 11;
    private static final int WEIGHTS = 12; // of the lower part

    private static final int QUARTERS = 0 | 2 << 2 | 1 << 4 | 3 << 6;

    private static final NativeFunction[] KERNELS = {
        MachineCode.nativeFunction(kernel(1)), MachineCode.nativeFunction(kernel(2))
    };

    private final TapsTable table;

    ColumnTaps(Taps taps) {
        table = TapsTable.of(taps, 2, Integer.BYTES, new byte[0]);
        for (int i = 0; i < taps.first().length; i++) {
            for (int k = 0; k < 2 * table.steps(); k++) {
                for (int part = 0; part < table.parts(); part++) {
                    long pair = (long) k / 2 * table.parts() + part;
                    table.put(table.weightsOf(i) + pair * Integer.BYTES + k % 2L * Short.BYTES, i, k, part);
                }
            }
        }
    }

    /** The most rows that are read for a new one; those behind what it sees do not matter. */
    int readable() {
        return 2 * table.steps();
    }

    /**
     * New row i.
     *
     * @param in the first old row that it sees
     * @param pitch bytes from row to row
     * @param bytes of a row, which is read and written in pieces of 32
     */
    void weigh(int i, MemorySegment in, long pitch, MemorySegment out, long bytes) {
        KERNELS[table.parts() - 1].call(
                in.address(),
                pitch,
                table.memory().address(),
                table.memory().address() + table.weightsOf(i),
                out.address(),
                Math.ceilDiv(bytes, TapsTable.BYTES));
    }

    /** A function of the first row, the pitch, the table, the new row's weights, the new row and its pieces. */
    private static byte[] kernel(int parts) {
        Assembler a = new Assembler(256);
        a.push(Gpr.RBX);
        TapsTable.constants(a, Gpr.RDX);
        int piece = a.here();
        a.mov(Gpr.RAX, Gpr.RDI);
        a.mov(Gpr.R10, Gpr.RCX);
        TapsTable.loadSteps(a, Gpr.R11, Gpr.RDX);
        for (int sum = 0; sum < parts * SUMS; sum++) {
            a.vxorps(sum);
        }
        int pair = a.here();
        a.mov(Gpr.RBX, Gpr.RAX);
        a.add(Gpr.RBX, Gpr.RSI);
        for (int part = 0; part < parts; part++) {
            a.vpbroadcastd(weights(part), Address.of(Gpr.R10, part * Integer.BYTES));
        }
        for (int half = 0; half < 2; half++) {
            a.vpmovzxbw(FIRST, Address.of(Gpr.RAX, half * HALF));
            a.vpmovzxbw(SECOND, Address.of(Gpr.RBX, half * HALF));
            a.vpunpcklwd(PAIRS, FIRST, SECOND);
            add(a, parts, 2 * half);
            a.vpunpckhwd(PAIRS, FIRST, SECOND);
            add(a, parts, 2 * half + 1);
        }
        a.mov(Gpr.RAX, Gpr.RBX);
        a.add(Gpr.RAX, Gpr.RSI);
        a.add(Gpr.R10, parts * Integer.BYTES);
        a.sub(Gpr.R11, 1);
        a.jumpIfNotZero(pair);
        store(a, parts);
        a.add(Gpr.RDI, TapsTable.BYTES);
        a.add(Gpr.R8, TapsTable.BYTES);
        a.sub(Gpr.R9, 1);
        a.jumpIfNotZero(piece);
        a.vzeroupper();
        a.pop(Gpr.RBX);
        a.ret();
        return a.code();
    }

    private static int weights(int part) {
        return part == 0 ? WEIGHTS : TapsTable.ORDER; // which is not needed here
    }

    private static void add(Assembler a, int parts, int sum) {
        for (int part = 0; part < parts; part++) {
            a.vpmaddwd(PRODUCTS, PAIRS, weights(part));
            a.vpaddd(part * HIGH + sum, part * HIGH + sum, PRODUCTS);
        }
    }

    /** Packing takes halves of 128 bits in turn: that undoes what unpacking did, but for quarters of the last one. */
    private static void store(Assembler a, int parts) {
        for (int sum = 0; sum < SUMS; sum++) {
            TapsTable.finish(a, parts, sum, HIGH + sum);
        }
        a.vpackssdw(0, 0, 1);
        a.vpackssdw(2, 2, 3);
        a.vpackuswb(0, 0, 2);
        a.vpermq(0, 0, QUARTERS);
        a.vmovups(Address.of(Gpr.R8, 0), 0);
    }
}
