package dev.fovea.backend.cpu.codes;

import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static dev.fovea.tensor.QuantizedMatrix.BLOCK;
import static dev.fovea.tensor.QuantizedMatrix.TILE;

import dev.fovea.backend.cpu.onednn.OneDnn;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.error.NativeException;
import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import dev.fovea.tensor.QuantizedMatrix;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Codes of a tile as bfloat16 in the order of {@link OneDnn#pairs}, by the processor's own rounding (AVX512_BF16), which the Vector
 * API has not: the values that {@link WidenedCodes} gives.
 */
final class PairsCode {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Outputs of a panel. */
    static final int PANEL = 64;

    /** Bytes between a code that is asked for and the one that is used. */
    private static final int AHEAD = 2048;

    private static final int PAIR_BYTES = PANEL * 2 * Short.BYTES;
    private static final int BLOCK_BYTES = BLOCK / 2 * PAIR_BYTES;
    private static final int HALF = 15;
    private static final int BYTE_SHIFT = 24;

    // what lies in front of a panel
    private static final int HEAD = 192;
    private static final int GROUPS_AT = 0;
    private static final int MASK_AT = 8;
    private static final int UNIT_AT = 12;
    private static final int TURN_AT = 64;

    // registers
    private static final int MASK = 0;
    private static final int UNIT = 1;
    private static final int TURN = 2;
    private static final int FACTOR = 3;
    private static final int SCALE = 4;
    private static final int ZERO = 5;
    private static final int CODE = 6;
    private static final int LOWER = 7;
    private static final int UPPER = 8;

    private final Map<Form, NativeFunction> kernels = new ConcurrentHashMap<>();

    /** What a kernel is made for; blocks of a group share scales. */
    private record Form(int bits, boolean byteScales, int blocks) {
        CodeScales scales() {
            return new CodeScales(bits, byteScales);
        }
    }

    /** The kernels; null where the system runs none. Whether the processor has AVX512_BF16, the caller knows. */
    static @Nullable PairsCode here() {
        return Here.FOUND;
    }

    private static final class Here {
        private static final @Nullable PairsCode FOUND = find();
    }

    private static @Nullable PairsCode find() {
        try {
            PairsCode code = new PairsCode();
            code.kernel(new Form(4, true, 1)); // shows whether the system runs any
            return code;
        } catch (NativeException e) {
            return null; // then the Vector API widens
        }
    }

    private NativeFunction kernel(Form form) {
        return kernels.computeIfAbsent(form, f -> MachineCode.nativeFunction(code(f)));
    }

    /** Whether it reads weights of this form. */
    static boolean reads(Codes w) {
        return w.blocksPerGroup() <= CodesCode.LARGEST_GROUP && w.blocks() % w.blocksPerGroup() == 0;
    }

    /** Bytes of a panel of so many outputs, with what lies in front of it. */
    static long bytes(Codes w, int outputs) {
        return HEAD + (long) Math.ceilDiv(outputs, PANEL) * w.blocks() * BLOCK_BYTES;
    }

    /**
     * Writes the values of some tiles.
     *
     * @param memory of {@link #bytes}
     * @return where the panel begins
     */
    long widen(Codes w, int tile, int tiles, long memory) {
        Form form = new Form(w.bits(), w.byteScales(), w.blocksPerGroup());
        NativeFunction kernel = kernel(form);
        long groups = w.blocks() / w.blocksPerGroup();
        MEMORY.set(LONG, memory + GROUPS_AT, groups);
        MEMORY.set(Lanes.INT, memory + MASK_AT, HALF);
        MEMORY.set(Lanes.FLOAT, memory + UNIT_AT, -QuantizedMatrix.ZERO_UNIT);
        for (int i = 0; i < 2 * TILE; i++) {
            MEMORY.set(Lanes.SHORT, memory + TURN_AT + 2L * i, (short) (i / 2 + i % 2 * TILE));
        }
        int perPanel = PANEL / TILE;
        for (int i = 0; i < tiles; i++) {
            long first = (tile + i) * groups;
            kernel.call(
                    w.tile(tile + i),
                    memory + HEAD + (long) (i / perPanel) * w.blocks() * BLOCK_BYTES + i % perPanel * (TILE * 4L),
                    w.scales() + first * form.scales().bytes(),
                    w.zeros() + first * TILE,
                    w.factors() + 4L * (tile + i) * TILE,
                    memory);
        }
        return memory + HEAD;
    }

    // --------------------------------------------------------------------------------------------------------- kernel

    /** A function of codes, where their values go, scales, zeros, factors and the head. */
    private static byte[] code(Form form) {
        Assembler a = new Assembler(512);
        a.load(Gpr.R10, Address.of(Gpr.R9, GROUPS_AT));
        a.vpbroadcastd(MASK, Address.of(Gpr.R9, MASK_AT));
        a.vpbroadcastd(UNIT, Address.of(Gpr.R9, UNIT_AT));
        a.vmovups(TURN, Address.of(Gpr.R9, TURN_AT));
        a.vmovups(FACTOR, Address.of(Gpr.R8, 0));
        int group = a.here();
        form.scales().load(a, 0, SCALE, ZERO, FACTOR);
        if (form.bits() == 4) {
            a.vmulps(ZERO, ZERO, UNIT);
        }
        for (int block = 0; block < form.blocks(); block++) {
            block(a, form.bits());
            a.add(Gpr.RDI, TILE * BLOCK * form.bits() / Byte.SIZE);
            a.add(Gpr.RSI, BLOCK_BYTES);
        }
        a.add(Gpr.RDX, form.scales().bytes());
        a.add(Gpr.RCX, TILE);
        a.sub(Gpr.R10, 1);
        a.jumpIfNotZero(group);
        a.vzeroupper();
        a.ret();
        return a.code();
    }

    private static void block(Assembler a, int bits) {
        int chunk = Integer.SIZE / bits;
        for (int column = 0; column < BLOCK; column += 2) {
            if (column % chunk == 0) {
                int at = column / chunk * TILE * Integer.BYTES;
                a.prefetcht0(Address.of(Gpr.RDI, at + AHEAD));
                a.vmovups(CODE, Address.of(Gpr.RDI, at));
            }
            value(a, bits, LOWER, column % chunk);
            value(a, bits, UPPER, column % chunk + 1);
            a.vcvtne2ps2bf16(LOWER, UPPER, LOWER);
            a.vpermw(LOWER, TURN, LOWER);
            a.vmovups(Address.of(Gpr.RSI, column / 2 * PAIR_BYTES), LOWER);
        }
    }

    private static void value(Assembler a, int bits, int to, int column) {
        if (bits == 4) {
            int shift = column < 4 ? 8 * column : 8 * (column - 4) + 4;
            if (shift > 0) {
                a.vpsrld(to, CODE, shift);
            }
            a.vpandd(to, shift > 0 ? to : CODE, MASK);
            a.vcvtdq2ps(to, to);
            a.vaddps(512, to, to, ZERO);
        } else {
            int from = CODE;
            if (column < 3) {
                a.vpslld(to, CODE, BYTE_SHIFT - 8 * column);
                from = to;
            }
            a.vpsrad(to, from, BYTE_SHIFT);
            a.vcvtdq2ps(to, to);
        }
        a.vmulps(to, to, SCALE);
    }
}
