package dev.fovea.backend.cpu.rows;

import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import dev.fovea.tensor.DType;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The half-split rotation of heads, from memory to memory, with the bits of {@link Rotations}' loops. */
final class RotationCode {
    private static final int FIRST = 0;
    private static final int SECOND = 1;
    private static final int COS = 2;
    private static final int SIN = 3;
    private static final int PRODUCT = 4;
    private static final int SCRATCH = 5; // and the one behind it

    private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12};
    private static final Gpr HEADS = Gpr.RBX;
    private static final Gpr LEFT = Gpr.R12;
    private static final Gpr ROWS = Gpr.R11;
    private static final Gpr FROM = Gpr.RAX;
    private static final Gpr TO = Gpr.RBP;

    /** Where a function finds its seventh word. */
    private static final int SEVENTH_AT = Long.BYTES;

    private static final Map<Kernel, NativeFunction> KERNELS = new ConcurrentHashMap<>();
    private static final ThreadLocal<Buffer> COUNTS = ThreadLocal.withInitial(Buffer::new);

    private RotationCode() {}

    /**
     * @param half values of half a head
     * @param stepwise whether products are rounded before they are added
     */
    private record Kernel(DType dtype, DType angles, int half, boolean stepwise) {}

    /** Whether half a head is at least a vector. */
    static boolean suits(int half) {
        return half >= Lanes.COUNT;
    }

    /** So many rows from one on; cos and sin have a dense row for each. */
    static void run(Rows x, Rows cos, Rows sin, Rows out, int first, int count, int heads, boolean stepwise) {
        Kernel form = new Kernel(x.dtype(), cos.dtype(), cos.width(), stepwise);
        NativeFunction kernel = KERNELS.computeIfAbsent(form, made -> MachineCode.nativeFunction(code(made)));
        long counts = COUNTS.get().bytes(2 * Long.BYTES);
        MEMORY.set(JAVA_LONG, counts, count);
        MEMORY.set(JAVA_LONG, counts + Long.BYTES, heads);
        kernel.call(x.row(first), x.stride(), out.row(first), out.stride(), cos.row(first), sin.row(first), counts);
    }

    /** A function of rows and their stride, results and theirs, cosines, sines, and how many rows and heads. */
    private static byte[] code(Kernel kernel) {
        int bits = Lanes.SHAPE.vectorBitSize();
        Assembler a = new Assembler(bits);
        LaneConstants.begin(a);
        a.load(FROM, Address.of(Gpr.RSP, SEVENTH_AT));
        for (Gpr register : SAVED) {
            a.push(register);
        }
        a.load(ROWS, Address.of(FROM, 0));
        a.load(HEADS, Address.of(FROM, Long.BYTES));
        int row = a.here();
        a.mov(FROM, Gpr.RDI);
        a.mov(TO, Gpr.RDX);
        a.mov(LEFT, HEADS);
        int head = a.here();
        for (int at = 0; at < kernel.half; at += Lanes.COUNT) {
            rotate(a, bits, kernel, Math.min(at, kernel.half - Lanes.COUNT)); // the last ones partly twice
        }
        int headBytes = 2 * kernel.half * kernel.dtype.bytes();
        a.add(FROM, headBytes);
        a.add(TO, headBytes);
        a.sub(LEFT, 1);
        a.jumpIfNotZero(head);
        a.add(Gpr.RDI, Gpr.RSI);
        a.add(Gpr.RDX, Gpr.RCX);
        a.add(Gpr.R8, kernel.half * kernel.angles.bytes());
        a.add(Gpr.R9, kernel.half * kernel.angles.bytes());
        a.sub(ROWS, 1);
        a.jumpIfNotZero(row);
        a.vzeroupper();
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.ret();
        return a.code();
    }

    /** A vector of each half of a head. */
    private static void rotate(Assembler a, int bits, Kernel kernel, int at) {
        DType dtype = kernel.dtype;
        int lower = at * dtype.bytes();
        int upper = (at + kernel.half) * dtype.bytes();
        LaneCode.load(a, dtype, FIRST, Address.of(FROM, lower));
        LaneCode.load(a, dtype, SECOND, Address.of(FROM, upper));
        LaneCode.load(a, kernel.angles, COS, Address.of(Gpr.R8, at * kernel.angles.bytes()));
        LaneCode.load(a, kernel.angles, SIN, Address.of(Gpr.R9, at * kernel.angles.bytes()));
        product(a, bits, kernel, PRODUCT, SECOND, SIN);
        product(a, bits, kernel, SIN, FIRST, SIN);
        product(a, bits, kernel, FIRST, FIRST, COS);
        product(a, bits, kernel, SECOND, SECOND, COS);
        a.vsubps(FIRST, FIRST, PRODUCT);
        a.vaddps(bits, SECOND, SECOND, SIN);
        LaneCode.store(a, bits, dtype, Address.of(TO, lower), FIRST, SCRATCH);
        LaneCode.store(a, bits, dtype, Address.of(TO, upper), SECOND, SCRATCH);
    }

    private static void product(Assembler a, int bits, Kernel kernel, int to, int x, int y) {
        a.vmulps(to, x, y);
        if (kernel.stepwise) {
            LaneCode.round(a, bits, kernel.dtype, to, SCRATCH);
        }
    }
}
