package dev.fovea.backend.cpu.rows;

import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import dev.fovea.tensor.DType;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Norms of rows, from memory to memory, with the bits of {@link RowMath}'s loops. */
final class NormCode {
    private static final int VALUE = 0;
    private static final int SUM = 1;
    private static final int SCRATCH = 2; // and the one behind it
    private static final int MEAN = 4;
    private static final int FACTOR = 5;
    private static final int WIDTH = 6;
    private static final int EPS = 7;

    /** Where a function finds its seventh word. */
    private static final int SEVENTH_AT = Long.BYTES;

    private static final Map<Kernel, NativeFunction> KERNELS = new ConcurrentHashMap<>();

    private NormCode() {}

    enum Kind {
        /** {@code round(x / rms) weight}. */
        RMS,
        /** {@code x / rms (1 + weight)}. */
        RMS_PLUS_ONE,
        /** {@code (x - mean) / deviation weight + bias}. */
        LAYER
    }

    private record Kernel(Kind kind, DType dtype, DType weight, DType bias) {}

    /**
     * What rows meet.
     *
     * @param weight one row
     * @param bias another, for {@link Kind#LAYER}; else the weight
     * @param scalars the address of the width and eps
     */
    record Operands(Rows weight, Rows bias, long scalars) {}

    /** Densely packed rows, whose width is a multiple of {@link Lanes#COUNT}. */
    static void run(Kind kind, DType dtype, long x, long out, int rows, int width, Operands operands) {
        Kernel form = new Kernel(kind, dtype, operands.weight.dtype(), operands.bias.dtype());
        NativeFunction kernel = KERNELS.computeIfAbsent(form, made -> MachineCode.nativeFunction(code(made)));
        kernel.call(x, out, operands.weight.address(), operands.bias.address(), rows, width, operands.scalars);
    }

    /** A function of rows, results, weight, bias, how many, their width and scalars. */
    private static byte[] code(Kernel kernel) {
        int bits = Lanes.SHAPE.vectorBitSize();
        Assembler a = new Assembler(bits);
        LaneConstants.begin(a);
        a.load(Gpr.RAX, Address.of(Gpr.RSP, SEVENTH_AT));
        a.vmovss(WIDTH, Address.of(Gpr.RAX, 0));
        a.vmovss(EPS, Address.of(Gpr.RAX, Float.BYTES));
        a.mov(Gpr.R11, Gpr.R9); // bytes of a row
        for (int i = 1; i < kernel.dtype.bytes(); i *= 2) {
            a.add(Gpr.R11, Gpr.R11);
        }
        int row = a.here();
        if (kernel.kind == Kind.LAYER) {
            sum(a, bits, kernel, false);
            a.vdivss(SUM, SUM, WIDTH);
            a.vpbroadcastd(MEAN, SUM);
        }
        sum(a, bits, kernel, true);
        factor(a);
        results(a, bits, kernel);
        a.add(Gpr.RDI, Gpr.R11);
        a.add(Gpr.RSI, Gpr.R11);
        a.sub(Gpr.R8, 1);
        a.jumpIfNotZero(row);
        a.vzeroupper();
        a.ret();
        return a.code();
    }

    /** The sum of a row, or of its squares. */
    private static void sum(Assembler a, int bits, Kernel kernel, boolean squares) {
        a.vxorps(SUM);
        a.clear(Gpr.RAX);
        int loop = a.here();
        LaneCode.load(a, kernel.dtype, VALUE, Gpr.RDI, Gpr.RAX);
        if (squares) {
            centre(a, kernel);
            a.vfmadd231ps(SUM, VALUE, VALUE);
        } else {
            a.vaddps(bits, SUM, SUM, VALUE);
        }
        next(a, loop);
        LaneCode.sum(a, bits, SUM, SCRATCH);
    }

    private static void centre(Assembler a, Kernel kernel) {
        if (kernel.kind == Kind.LAYER) {
            a.vsubps(VALUE, VALUE, MEAN);
        }
    }

    private static void next(Assembler a, int loop) {
        a.add(Gpr.RAX, Lanes.COUNT);
        a.cmp(Gpr.RAX, Gpr.R9);
        a.jumpIfBelow(loop);
    }

    /** {@code 1 / sqrt(sum / width + eps)}, the root and the quotient in float64. */
    private static void factor(Assembler a) {
        a.vdivss(SUM, SUM, WIDTH);
        a.vaddss(SUM, SUM, EPS);
        a.vcvtss2sd(SUM, SUM);
        a.vsqrtsd(SUM, SUM);
        a.vmovss(FACTOR, LaneConstants.of(1));
        a.vcvtss2sd(FACTOR, FACTOR);
        a.vdivsd(FACTOR, FACTOR, SUM);
        a.vcvtsd2ss(FACTOR, FACTOR);
        a.vpbroadcastd(FACTOR, FACTOR);
    }

    private static void results(Assembler a, int bits, Kernel kernel) {
        a.clear(Gpr.RAX);
        int loop = a.here();
        LaneCode.load(a, kernel.dtype, VALUE, Gpr.RDI, Gpr.RAX);
        centre(a, kernel);
        a.vmulps(VALUE, VALUE, FACTOR);
        if (kernel.kind == Kind.RMS) {
            LaneCode.round(a, bits, kernel.dtype, VALUE, SCRATCH);
        }
        LaneCode.load(a, kernel.weight, SCRATCH, Gpr.RDX, Gpr.RAX);
        if (kernel.kind == Kind.RMS_PLUS_ONE) {
            a.vaddps(SCRATCH, SCRATCH, LaneConstants.of(1));
        }
        a.vmulps(VALUE, VALUE, SCRATCH);
        if (kernel.kind == Kind.LAYER) {
            LaneCode.load(a, kernel.bias, SCRATCH, Gpr.RCX, Gpr.RAX);
            a.vaddps(bits, VALUE, VALUE, SCRATCH);
        }
        LaneCode.store(a, bits, kernel.dtype, LaneCode.at(kernel.dtype, Gpr.RSI, Gpr.RAX), VALUE, SCRATCH);
        next(a, loop);
    }
}
