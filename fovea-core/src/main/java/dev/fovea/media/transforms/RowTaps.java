package dev.fovea.media.transforms;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Weighs pixels along rows by machine code (AVX2), four old ones for a new one at a time. */
final class RowTaps {
    /** Bytes that are written behind a new row. */
    static final int SLACK = 1;

    private static final int PIXELS = 4;

    /** Their bytes as 16-bit numbers: red, green and blue of two pixels in turn; of the next two in the upper half. */
    private static final byte[] ORDER = {
        0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1, 6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1,
        -1, -1
    };

    private static final NativeFunction[] KERNELS = {
        MachineCode.nativeFunction(kernel(1)), MachineCode.nativeFunction(kernel(2))
    };

    private final TapsTable table;
    private final MemorySegment offsets;

    RowTaps(Taps taps) {
        table = TapsTable.of(taps, PIXELS, TapsTable.BYTES, ORDER);
        offsets = Arena.ofAuto().allocate(JAVA_LONG, taps.first().length);
        for (int i = 0; i < taps.first().length; i++) {
            offsets.setAtIndex(JAVA_LONG, i, 3L * taps.first()[i]);
            for (int step = 0; step < table.steps(); step++) {
                for (int part = 0; part < table.parts(); part++) {
                    long at = table.weightsOf(i) + ((long) step * table.parts() + part) * TapsTable.BYTES;
                    putStep(at, i, step, part);
                }
            }
        }
    }

    private void putStep(long at, int i, int step, int part) {
        for (int k = 0; k < PIXELS; k++) {
            for (int channel = 0; channel < 4; channel++) {
                long lane = k / 2 * 8L + 2L * channel + k % 2;
                table.put(at + lane * Short.BYTES, i, step * PIXELS + k, part);
            }
        }
    }

    /** Bytes that may be read of a row of so many pixels; what stands behind them does not matter. */
    long readable(int width) {
        return 3L * (width + PIXELS * table.steps()) + TapsTable.BYTES;
    }

    /** A new row of an old one. */
    void weigh(MemorySegment in, MemorySegment out) {
        KERNELS[table.parts() - 1].call(
                in.address(),
                offsets.address(),
                table.memory().address(),
                table.memory().address() + table.weightsOf(0),
                out.address(),
                table.taps().first().length);
    }

    /** A function of the old row, offsets in it, the table, its weights, the new row and its pixels. */
    private static byte[] kernel(int parts) {
        Assembler a = new Assembler(256);
        TapsTable.constants(a, Gpr.RDX);
        int pixel = a.here();
        a.load(Gpr.RAX, Address.of(Gpr.RSI, 0));
        a.add(Gpr.RAX, Gpr.RDI);
        TapsTable.loadSteps(a, Gpr.R10, Gpr.RDX);
        for (int part = 0; part < parts; part++) {
            a.vxorps(part);
        }
        int step = a.here();
        a.vbroadcasti128(2, Address.of(Gpr.RAX, 0));
        a.vpshufb(2, 2, TapsTable.ORDER);
        for (int part = 0; part < parts; part++) {
            a.vpmaddwd(3 + part, 2, Address.of(Gpr.RCX, part * TapsTable.BYTES));
            a.vpaddd(part, part, 3 + part);
        }
        a.add(Gpr.RAX, 3 * PIXELS);
        a.add(Gpr.RCX, parts * TapsTable.BYTES);
        a.sub(Gpr.R10, 1);
        a.jumpIfNotZero(step);
        for (int part = 0; part < parts; part++) {
            a.vextractUpperHalf(256, 3, part);
            a.vpaddd(part, part, 3);
        }
        TapsTable.finish(a, parts, 0, 1);
        a.vpackssdw(0, 0, 0);
        a.vpackuswb(0, 0, 0);
        a.vmovss(Address.of(Gpr.R8, 0), 0);
        a.add(Gpr.R8, 3);
        a.add(Gpr.RSI, Long.BYTES);
        a.sub(Gpr.R9, 1);
        a.jumpIfNotZero(pixel);
        a.vzeroupper();
        a.ret();
        return a.code();
    }
}
