package dev.fovea.backend.cpu.products;

import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Sums of rows by weights in machine code, with the bits of {@link JavaTile#multiply}: a few rows of weights alone would not be work
 * enough in an answer for its vectors to take over from plain loops.
 */
final class SumsCode {
    /** Rows of weights that meet a value at once. */
    private static final int ROWS = 4;

    /** Where a function finds its seventh word. */
    private static final int SEVENTH_AT = Long.BYTES;

    private final int bits;
    private final int vectors;
    private final Map<Block, NativeFunction> kernels = new ConcurrentHashMap<>();

    /** What a kernel is made for: rows of weights and vectors of values. */
    private record Block(int rows, int vectors) {}

    /** @param bits of vectors, 256 or 512 */
    SumsCode(int bits) {
        this.bits = bits;
        vectors = bits == 512 ? 4 : 2; // as many accumulators as there are registers for
    }

    /**
     * {@code c (rows, columns) = a (rows, inner) b (inner, columns)}, all float32, rows of b and c dense.
     *
     * @param pitch elements between rows of a
     * @param columns a multiple of the vector length
     * @param inner at least 1
     */
    void multiply(long a, int pitch, long b, long c, int columns, int rows, int inner) {
        long stride = 4L * columns;
        for (int column = 0; column < columns; column += vectors * Lanes.COUNT) {
            int width = Math.min(vectors, (columns - column) / Lanes.COUNT);
            for (int row = 0; row < rows; row += ROWS) {
                kernel(new Block(Math.min(ROWS, rows - row), width))
                        .call(
                                a + 4L * row * pitch,
                                4L * pitch,
                                b + 4L * column,
                                stride,
                                inner,
                                c + row * stride + 4L * column,
                                stride);
            }
        }
    }

    private NativeFunction kernel(Block block) {
        return kernels.computeIfAbsent(block, made -> MachineCode.nativeFunction(code(made)));
    }

    /** A function of weights and their stride, values and their stride, how many, sums and their stride. */
    private byte[] code(Block block) {
        Assembler a = new Assembler(bits);
        int sums = block.rows * block.vectors;
        int weight = sums + block.vectors;
        a.load(Gpr.R11, Address.of(Gpr.RSP, SEVENTH_AT));
        triple(a, Gpr.R10, Gpr.RSI);
        triple(a, Gpr.RAX, Gpr.R11);
        for (int sum = 0; sum < sums; sum++) {
            a.vxorps(sum);
        }
        int loop = a.here();
        for (int i = 0; i < block.vectors; i++) {
            a.vmovups(sums + i, Address.of(Gpr.RDX, i * bits / Byte.SIZE));
        }
        for (int row = 0; row < block.rows; row++) {
            a.vpbroadcastd(weight, row(row, Gpr.RDI, Gpr.RSI, Gpr.R10, 0));
            for (int i = 0; i < block.vectors; i++) {
                a.vfmadd231ps(row * block.vectors + i, weight, sums + i);
            }
        }
        a.add(Gpr.RDI, Float.BYTES);
        a.add(Gpr.RDX, Gpr.RCX);
        a.sub(Gpr.R8, 1);
        a.jumpIfNotZero(loop);
        for (int sum = 0; sum < sums; sum++) {
            int at = sum % block.vectors * bits / Byte.SIZE;
            a.vmovups(row(sum / block.vectors, Gpr.R9, Gpr.R11, Gpr.RAX, at), sum);
        }
        a.vzeroupper();
        a.ret();
        return a.code();
    }

    private static void triple(Assembler a, Gpr to, Gpr from) {
        a.mov(to, from);
        a.add(to, from);
        a.add(to, from);
    }

    private static Address row(int row, Gpr first, Gpr stride, Gpr triple, int displacement) {
        return switch (row) {
            case 0 -> Address.of(first, displacement);
            case 1, 2 -> Address.indexed(first, stride, row - 1, displacement);
            default -> Address.indexed(first, triple, 0, displacement);
        };
    }
}
