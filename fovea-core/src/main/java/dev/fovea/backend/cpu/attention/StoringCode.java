package dev.fovea.backend.cpu.attention;

import dev.fovea.backend.cpu.rows.LaneCode;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import dev.fovea.tensor.DType;

/** Rows of float32 to rows of a dtype, rounded. */
final class StoringCode {
    private static final int SCRATCH = 1;

    private final DType dtype;
    private final int width;
    private final NativeFunction store;

    /** @param width values of a row, {@link Lanes#COUNT} at least */
    StoringCode(DType dtype, int width) {
        this.dtype = dtype;
        this.width = width;
        store = MachineCode.nativeFunction(code());
    }

    /** @param count rows, at least one */
    void store(long from, long fromStride, int count, long to, long toStride) {
        store.call(from, fromStride, to, toStride, count, 0);
    }

    /** A row's last vector ends with it, and may have values of the one before again. */
    private byte[] code() {
        int bits = Lanes.SHAPE.vectorBitSize();
        Assembler a = new Assembler(bits);
        LaneCode.begin(a);
        int row = a.here();
        for (int i = 0; i < width; i += Lanes.COUNT) {
            int at = Math.min(i, width - Lanes.COUNT);
            a.vmovups(0, Address.of(Gpr.RDI, at * Float.BYTES));
            LaneCode.store(a, bits, dtype, Address.of(Gpr.RDX, at * dtype.bytes()), 0, SCRATCH);
        }
        a.add(Gpr.RDI, Gpr.RSI);
        a.add(Gpr.RDX, Gpr.RCX);
        a.sub(Gpr.R8, 1);
        a.jumpIfNotZero(row);
        a.vzeroupper();
        a.ret();
        return a.code();
    }
}
