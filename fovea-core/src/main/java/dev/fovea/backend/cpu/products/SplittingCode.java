package dev.fovea.backend.cpu.products;

import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import java.lang.foreign.Arena;

/** float16 to two bfloat16 each, whose sum it is: 11 bits are 8 and 3, and bfloat16 has the greater range. By AVX512_BF16. */
final class SplittingCode {
    /** Values that are split at once: a line of the greater parts, a line of rests. */
    static final int STEP = 32;

    private static final int LINE = TileShapes.LINE;
    private static final int HALF = LINE / 2; // of a line of float16: a vector once widened
    private static final int HALF_UP = 16;
    private static final int UPPER_HALF = 17;

    private final NativeFunction split = MachineCode.nativeFunction(code());

    /**
     * Rows of values to rows of twice as many bytes.
     *
     * @param from float16, an address and a stride
     * @param steps of {@link #STEP} values
     */
    void split(Rows from, int steps, long to, long stride) {
        split.call(from.address(), from.stride(), to, stride, from.count(), steps, Constants.AT);
    }

    private static final class Constants {
        private static final long AT = write();

        private static long write() {
            long at = Arena.global().allocate(2 * Integer.BYTES, LINE).address();
            MEMORY.set(JAVA_INT, at, 0x8000);
            MEMORY.set(JAVA_INT, at + Integer.BYTES, 0xffff0000);
            return at;
        }
    }

    private static byte[] code() {
        Assembler a = new Assembler(512);
        a.load(Gpr.RAX, Address.of(Gpr.RSP, Long.BYTES));
        a.vpbroadcastd(HALF_UP, Address.of(Gpr.RAX, 0));
        a.vpbroadcastd(UPPER_HALF, Address.of(Gpr.RAX, Integer.BYTES));
        int row = a.here();
        a.mov(Gpr.R10, Gpr.RDI);
        a.mov(Gpr.R11, Gpr.RDX);
        a.mov(Gpr.RAX, Gpr.R9);
        int step = a.here();
        for (int half = 0; half < 2; half++) {
            a.vcvtph2ps(half, Address.of(Gpr.R10, half * HALF));
            a.vpaddd(2 + half, half, HALF_UP);
            a.vpandd(2 + half, 2 + half, UPPER_HALF);
            a.vsubps(half, half, 2 + half);
        }
        a.vcvtne2ps2bf16(2, 3, 2);
        a.vcvtne2ps2bf16(0, 1, 0);
        a.vmovups(Address.of(Gpr.R11, 0), 2);
        a.vmovups(Address.of(Gpr.R11, LINE), 0);
        a.add(Gpr.R10, LINE);
        a.add(Gpr.R11, 2 * LINE);
        a.sub(Gpr.RAX, 1);
        a.jumpIfNotZero(step);
        a.add(Gpr.RDI, Gpr.RSI);
        a.add(Gpr.RDX, Gpr.RCX);
        a.sub(Gpr.R8, 1);
        a.jumpIfNotZero(row);
        a.vzeroupper();
        a.ret();
        return a.code();
    }
}
