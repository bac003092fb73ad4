package dev.fovea.backend.cpu.products;

import dev.fovea.backend.cpu.rows.LaneCode;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import dev.fovea.tensor.DType;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Sums of neighbouring places of a map by weights of each channel's own, from memory to memory, tap after tap as Java adds them. */
final class DepthwiseCode {
    /** Bytes of a tap in a table: where its first place begins, and where its weights do. */
    static final int ENTRY = 2 * Long.BYTES;

    private static final int LARGEST = 16;
    private static final int SUM = 0;
    private static final int PLACE = 1;
    private static final int SCRATCH = 2; // and the one behind it

    private static final Gpr TABLE = Gpr.RDI;
    private static final Gpr CHANNEL = Gpr.RAX;
    private static final Gpr AT = Gpr.RBX;
    private static final Gpr SOURCE = Gpr.R11;
    private static final Gpr WEIGHTS = Gpr.R9;

    private static final Map<Kernel, NativeFunction> KERNELS = new ConcurrentHashMap<>();

    private DepthwiseCode() {}

    private record Kernel(DType dtype, int taps) {}

    static boolean suits(int taps) {
        return taps <= LARGEST;
    }

    /**
     * Places beside each other.
     *
     * @param table an entry for each tap
     * @param bias float32
     * @param channels a multiple of {@link Lanes#COUNT}
     * @param places at least one
     */
    static void run(DType dtype, int taps, long table, long bias, long out, int channels, int places) {
        NativeFunction kernel =
                KERNELS.computeIfAbsent(new Kernel(dtype, taps), made -> MachineCode.nativeFunction(code(made)));
        kernel.call(table, bias, out, channels, places, 0);
    }

    /** A function of the table, the bias, results, and how many channels and places. */
    private static byte[] code(Kernel kernel) {
        int bits = Lanes.SHAPE.vectorBitSize();
        Assembler a = new Assembler(bits);
        LaneCode.begin(a);
        a.push(AT);
        a.clear(AT);
        int place = a.here();
        a.clear(CHANNEL);
        int loop = a.here();
        a.vmovups(SUM, Address.indexed(Gpr.RSI, CHANNEL, 2));
        for (int tap = 0; tap < kernel.taps; tap++) {
            a.load(SOURCE, Address.of(TABLE, tap * ENTRY));
            a.load(WEIGHTS, Address.of(TABLE, tap * ENTRY + Long.BYTES));
            LaneCode.load(a, kernel.dtype, PLACE, SOURCE, AT);
            a.vfmadd231ps(SUM, PLACE, Address.indexed(WEIGHTS, CHANNEL, 2));
        }
        LaneCode.store(a, bits, kernel.dtype, LaneCode.at(kernel.dtype, Gpr.RDX, AT), SUM, SCRATCH);
        a.add(AT, Lanes.COUNT);
        a.add(CHANNEL, Lanes.COUNT);
        a.cmp(CHANNEL, Gpr.RCX);
        a.jumpIfBelow(loop);
        a.sub(Gpr.R8, 1);
        a.jumpIfNotZero(place);
        a.vzeroupper();
        a.pop(AT);
        a.ret();
        return a.code();
    }
}
