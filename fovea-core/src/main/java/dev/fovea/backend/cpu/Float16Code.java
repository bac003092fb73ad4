package dev.fovea.backend.cpu;

import dev.fovea.error.NativeException;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Cpuid;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Dot products of float16 rows in machine code: the Vector API of JDK 25 has no conversion from float16, and a loop that C2
 * turns into it has to leave float32 in memory on the way. Products are those of {@link Dot}, with the same bits.
 */
final class Float16Code {
    /** What the processor must have for vectors of a width. */
    private static final List<Cpuid> NEEDED = List.of(Cpuid.F16C, Cpuid.FMA);

    private static final List<Cpuid> NEEDED_512 = List.of(Cpuid.AVX512F, Cpuid.AVX512VL);

    private static final Gpr[] WEIGHTS = {Gpr.RDI, Gpr.R10, Gpr.R11, Gpr.RBX};
    private static final Gpr[] ROWS = {Gpr.RCX, Gpr.R12, Gpr.R13, Gpr.R14};
    private static final Gpr[] SAVED = {Gpr.RBX, Gpr.R12, Gpr.R13, Gpr.R14};

    private static final ThreadLocal<Buffer> RESULTS = ThreadLocal.withInitial(Buffer::new);

    private final MethodHandle[] kernels; // for one row of x, two, …
    private final MethodHandle widening;

    private Float16Code(MethodHandle[] kernels, MethodHandle widening) {
        this.kernels = kernels;
        this.widening = widening;
    }

    /** The kernels, or why there are none. */
    record Found(@Nullable Float16Code code, String reason) {
        /** The one for this machine, made when it is first asked for. */
        static Found here() {
            return Here.FOUND;
        }
    }

    private static final class Here {
        private static final Found FOUND = find();
    }

    private static Found find() {
        int bits = Lanes.SHAPE.vectorBitSize();
        if (bits < 256) {
            return new Found(null, "vectors have " + bits + " bits");
        }
        try {
            for (Cpuid feature : NEEDED) {
                if (!feature.isPresent()) {
                    return new Found(null, "the processor has no " + feature);
                }
            }
            for (Cpuid feature : bits == 512 ? NEEDED_512 : List.<Cpuid>of()) {
                if (!feature.isPresent()) {
                    return new Found(null, "the processor has no " + feature);
                }
            }
            int rows = bits == 512 ? 4 : 2; // as many accumulators as there are registers for
            MethodHandle[] kernels = new MethodHandle[rows];
            Arrays.setAll(kernels, i -> MachineCode.function(kernel(bits, i + 1)));
            return new Found(new Float16Code(kernels, MachineCode.function(wideningKernel(bits))), "");
        } catch (NativeException e) {
            return new Found(null, e.problem());
        }
    }

    /**
     * {@code line[at + j step + i] = w[i] . x[t + j]} for all rows of w, a multiple of four, and count rows of x from t on.
     *
     * @param w float16, as wide as rows of x with their padding
     */
    void multiply(Rows w, Panel.Strip x, int t, int count, float[] line, int at, int step) {
        for (int j = 0; j < count; j += kernels.length) {
            int rows = Math.min(kernels.length, count - j);
            long results = RESULTS.get().floats((long) w.count() * rows);
            MachineCode.call(
                    kernels[rows - 1], w.address(), w.stride(), w.count() / Dot.SIDE, x.row(t + j), x.pitch(), results);
            for (int i = 0; i < w.count() / Dot.SIDE; i++) {
                for (int row = 0; row < rows; row++) {
                    long from = results + 4L * Dot.SIDE * (i * rows + row);
                    Lanes.copy(from, line, at + (j + row) * step + i * Dot.SIDE, Dot.SIDE);
                }
            }
        }
    }

    /** Copies rows to float32 rows; their width is a multiple of the vector length. */
    void widen(Rows from, Rows to) {
        MachineCode.call(
                widening, from.address(), from.stride(), from.count(), from.width(), to.address(), to.stride());
    }

    /** A function of the address and stride of float16 rows, their number and width, and address and stride of the copy. */
    private static byte[] wideningKernel(int bits) {
        Assembler a = new Assembler(bits);
        int row = a.here();
        a.clear(Gpr.RAX);
        int loop = a.here();
        a.vcvtph2ps(0, Address.indexed(Gpr.RDI, Gpr.RAX, 1));
        a.vmovups(Address.indexed(Gpr.R8, Gpr.RAX, 2), 0);
        a.add(Gpr.RAX, bits / Float.SIZE);
        a.cmp(Gpr.RAX, Gpr.RCX);
        a.jumpIfBelow(loop);
        a.add(Gpr.RDI, Gpr.RSI);
        a.add(Gpr.R8, Gpr.R9);
        a.sub(Gpr.RDX, 1);
        a.jumpIfNotZero(row);
        a.vzeroupper();
        a.ret();
        return a.code();
    }

    /**
     * A function of w, its stride in bytes, groups of four of its rows, x, n and results: for each group, for each row of x, four
     * sums. Rows of x are n float32 apart.
     */
    private static byte[] kernel(int bits, int rows) {
        Assembler a = new Assembler(bits);
        for (Gpr register : SAVED) {
            a.push(register);
        }
        for (int t = 1; t < rows; t++) {
            a.mov(ROWS[t], ROWS[t - 1]);
            for (int i = 0; i < Float.BYTES; i++) {
                a.add(ROWS[t], Gpr.R8);
            }
        }
        int group = a.here();
        for (int i = 1; i < Dot.SIDE; i++) {
            a.mov(WEIGHTS[i], WEIGHTS[i - 1]);
            a.add(WEIGHTS[i], Gpr.RSI);
        }
        sums(a, bits, rows);
        for (int sum = 0; sum < rows * Dot.SIDE; sum++) {
            reduce(a, bits, sum, rows * Dot.SIDE);
            a.vmovss(Address.of(Gpr.R9, Float.BYTES * sum), sum);
        }
        a.add(Gpr.R9, Float.BYTES * Dot.SIDE * rows);
        a.mov(WEIGHTS[0], WEIGHTS[Dot.SIDE - 1]);
        a.add(WEIGHTS[0], Gpr.RSI);
        a.sub(Gpr.RDX, 1);
        a.jumpIfNotZero(group);
        a.vzeroupper();
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.ret();
        return a.code();
    }

    /** Registers 4 t + i sum w[i] . x[t], lane by lane; the four behind them hold w, and one behind those x. */
    private static void sums(Assembler a, int bits, int rows) {
        int weights = rows * Dot.SIDE;
        int x = weights + Dot.SIDE;
        for (int sum = 0; sum < weights; sum++) {
            a.vxorps(sum);
        }
        a.clear(Gpr.RAX);
        int loop = a.here();
        for (int i = 0; i < Dot.SIDE; i++) {
            a.vcvtph2ps(weights + i, Address.indexed(WEIGHTS[i], Gpr.RAX, 1));
        }
        for (int t = 0; t < rows; t++) {
            a.vmovups(x, Address.indexed(ROWS[t], Gpr.RAX, 2));
            for (int i = 0; i < Dot.SIDE; i++) {
                a.vfmadd231ps(t * Dot.SIDE + i, x, weights + i);
            }
        }
        a.add(Gpr.RAX, bits / Float.SIZE);
        a.cmp(Gpr.RAX, Gpr.R8);
        a.jumpIfBelow(loop);
    }

    /** The lowest lane becomes the sum of all, halves onto halves, as {@link Vectors#sum} adds. */
    private static void reduce(Assembler a, int bits, int sum, int scratch) {
        for (int width = bits; width > 128; width /= 2) {
            a.vextractUpperHalf(width, scratch, sum);
            a.vaddps(width / 2, sum, sum, scratch);
        }
        for (int order : new int[] {2 | 3 << 2, 1}) {
            a.vpermilps(scratch, sum, order);
            a.vaddps(128, sum, sum, scratch);
        }
    }
}
