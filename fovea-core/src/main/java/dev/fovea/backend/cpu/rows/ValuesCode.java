package dev.fovea.backend.cpu.rows;

import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.DType;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Runs of values, each by itself or with the one at the same place of another run, from memory to memory. */
final class ValuesCode {
    private static final int VALUE = 0;
    private static final int OTHER = 1;
    private static final int SCRATCH = 2;

    private static final Map<Kernel, NativeFunction> KERNELS = new ConcurrentHashMap<>();

    private ValuesCode() {}

    /** What happens to each value. */
    sealed interface Work {}

    /** {@code f(x)}. */
    record Activate(Activation f) implements Work {}

    /** {@code round(f(x)) y}. */
    record Gate(Activation f) implements Work {}

    /** {@code x + y}. */
    record Add() implements Work {}

    /** {@code x}, for another dtype. */
    record Cast() implements Work {}

    private record Kernel(Work work, DType x, DType y, DType out) {}

    /** A run of values. */
    record Run(DType dtype, long address) {
        /** From a value of densely packed rows on. */
        static Run of(Rows rows, long at) {
            return new Run(rows.dtype(), rows.address() + at * rows.dtype().bytes());
        }
    }

    /**
     * @param y where the work has two operands; else anything
     * @param count a multiple of {@link Lanes#COUNT}, at least that
     */
    static void run(Work work, Run x, Run y, Run out, long count) {
        Kernel kernel = new Kernel(work, x.dtype, y.dtype, out.dtype);
        NativeFunction code = KERNELS.computeIfAbsent(kernel, made -> MachineCode.nativeFunction(code(made)));
        code.call(x.address, y.address, out.address, count, 0, 0);
    }

    /** A function of two runs, results and how many. */
    private static byte[] code(Kernel kernel) {
        int bits = Lanes.SHAPE.vectorBitSize();
        Assembler a = new Assembler(bits);
        LaneConstants.begin(a);
        a.clear(Gpr.RAX);
        int loop = a.here();
        LaneCode.load(a, kernel.x, VALUE, Gpr.RDI, Gpr.RAX);
        switch (kernel.work) {
            case Activate(Activation f) -> new FunctionCode(a, bits, SCRATCH).activate(f, VALUE);
            case Gate(Activation f) -> {
                new FunctionCode(a, bits, SCRATCH).activate(f, VALUE);
                LaneCode.round(a, bits, kernel.x, VALUE, SCRATCH);
                LaneCode.load(a, kernel.y, OTHER, Gpr.RSI, Gpr.RAX);
                a.vmulps(VALUE, VALUE, OTHER);
            }
            case Add() -> {
                LaneCode.load(a, kernel.y, OTHER, Gpr.RSI, Gpr.RAX);
                a.vaddps(bits, VALUE, VALUE, OTHER);
            }
            case Cast() -> {}
        }
        LaneCode.store(a, bits, kernel.out, LaneCode.at(kernel.out, Gpr.RDX, Gpr.RAX), VALUE, SCRATCH);
        a.add(Gpr.RAX, Lanes.COUNT);
        a.cmp(Gpr.RAX, Gpr.RCX);
        a.jumpIfBelow(loop);
        a.vzeroupper();
        a.ret();
        return a.code();
    }
}
