package dev.fovea.backend.cpu.codes;

import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static dev.fovea.tensor.QuantizedMatrix.BLOCK;
import static dev.fovea.tensor.QuantizedMatrix.TILE;

import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.error.NativeException;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Cpuid;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Products of a few rows with quantised weights by the processor's dot products of integers (AVX512_VNNI), which the Vector API has
 * not, and with codes asked for some lines before they are needed. Codes of 4 bits meet x in 8 bits, as in {@link Quantized4}, with
 * the same bits as there; codes of 8 bits meet x in 16.
 */
public final class CodesCode {
    private static final List<Cpuid> NEEDED = List.of(Cpuid.AVX512F, Cpuid.AVX512VL, Cpuid.AVX512BW, Cpuid.AVX512_VNNI);

    /** Rows of x that meet a code at once. */
    static final int ROWS = 4;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Bytes in front of x, where the number of groups is, and of results, where that of tiles and a mask are. */
    private static final int HEAD = 64;

    private static final int GROUPS_AT = -HEAD;
    private static final int TILES_AT = -HEAD;
    private static final int MASK_AT = -HEAD + 8;
    private static final int HALF_BYTES = 0x0f0f0f0f;

    /** Blocks of a group that are written out. */
    static final int LARGEST_GROUP = 4;

    /** Bytes between a code that is asked for and the one that is used: more than a page, as far as a processor fetches by itself. */
    private static final int AHEAD = 6144;

    /** Of a row and block of x: the scale, and an eighth of the sum of the integers with its sign turned. */
    private static final int SCALARS = 8;

    // registers: a total for each row of x, two sums of integers for each, and these
    private static final int SUMS = ROWS;
    private static final int CODE = 3 * ROWS;
    private static final int OTHER = CODE + 1;
    private static final int SCALE = CODE + 2;
    private static final int ZERO = CODE + 3;
    private static final int FACTOR = CODE + 4;
    private static final int MASK = CODE + 5;
    private static final int LINE = CODE + 6;

    private final RoundedRowCode toBytes = new RoundedRowCode(Byte.SIZE);
    private final RoundedRowCode toShorts = new RoundedRowCode(Short.SIZE);
    private final Map<Form, MethodHandle> kernels = new ConcurrentHashMap<>();

    /**
     * What a kernel is made for.
     *
     * @param byteScales or float32
     * @param blocks of a group, which shares scales
     * @param rows of x
     */
    private record Form(int bits, boolean byteScales, int blocks, int rows) {
        static Form of(Codes w, int rows) {
            return new Form(w.bits(), w.byteScales(), w.blocksPerGroup(), rows);
        }

        CodeScales scales() {
            return new CodeScales(bits, byteScales);
        }
    }

    /** The kernels; null where the processor or the system has none. */
    public static @Nullable CodesCode here() {
        return Here.FOUND;
    }

    private static final class Here {
        private static final @Nullable CodesCode FOUND = find();
    }

    private static @Nullable CodesCode find() {
        if (Lanes.SHAPE.vectorBitSize() != 512) {
            return null;
        }
        try {
            for (Cpuid feature : NEEDED) {
                if (!feature.isPresent()) {
                    return null;
                }
            }
            return new CodesCode();
        } catch (NativeException e) {
            return null; // then the Vector API computes
        }
    }

    private MethodHandle kernel(Form form) {
        return kernels.computeIfAbsent(form, f -> MachineCode.function(code(f)));
    }

    /** Whether it reads weights of this form. */
    static boolean reads(Codes w) {
        return w.blocksPerGroup() <= LARGEST_GROUP && w.blocks() % w.blocksPerGroup() == 0;
    }

    // ------------------------------------------------------------------------------------------------------- rows of x

    /** Bytes of a row's block: its integers and scalars. */
    private static int rowBytes(int bits) {
        return BLOCK * (bits == 4 ? 1 : 2) + SCALARS;
    }

    /** Bytes of so many rows. */
    static long bytes(int bits, int rows, int blocks) {
        return HEAD + (long) blocks * rows * rowBytes(bits);
    }

    /**
     * Writes row number {@code row} of {@code rows}: in each block first the integers of all rows, then their scalars.
     *
     * @param w the weight that they are for
     * @param values float32, padded with zeros to whole blocks
     * @param memory of {@link #bytes}
     */
    void row(Codes w, long values, int row, int rows, long memory) {
        int blocks = w.blocks();
        long to = memory + HEAD;
        MEMORY.set(LONG, to + GROUPS_AT, blocks / w.blocksPerGroup());
        long integers = BLOCK * (w.bits() == 4 ? 1L : 2L);
        (w.bits() == 4 ? toBytes : toShorts)
                .write(
                        values,
                        to + row * integers,
                        to + rows * integers + (long) row * SCALARS,
                        (long) rows * rowBytes(w.bits()),
                        blocks);
    }

    // -------------------------------------------------------------------------------------------------------- products

    /** Bytes of {@link #multiply}'s results. */
    static long resultBytes(int rows, int tiles) {
        return HEAD + (long) rows * tiles * TILE * Float.BYTES;
    }

    /**
     * Products of some tiles with rows of x; sixteen for each row, tile by tile.
     *
     * @param x memory that {@link #row} filled, of so many rows
     * @param results memory of {@link #resultBytes}
     * @return where they begin
     */
    long multiply(Codes w, int tile, int tiles, long x, int rows, long results) {
        long out = results + HEAD;
        MEMORY.set(LONG, out + TILES_AT, tiles);
        MEMORY.set(Lanes.INT, out + MASK_AT, HALF_BYTES);
        Form form = Form.of(w, rows);
        long groups = (long) tile * (w.blocks() / w.blocksPerGroup());
        MachineCode.call(
                kernel(form),
                w.tile(tile),
                x + HEAD,
                w.scales() + groups * form.scales().bytes(),
                w.zeros() + groups * TILE,
                w.factors() + 4L * tile * TILE,
                out);
        return out;
    }

    // -------------------------------------------------------------------------------------------------------- kernels

    /** A function of codes, x, scales, zeros, factors and results. */
    private static byte[] code(Form form) {
        int rows = form.rows();
        Assembler a = new Assembler(512);
        a.vpbroadcastd(MASK, Address.of(Gpr.R9, MASK_AT));
        a.load(Gpr.R11, Address.of(Gpr.R9, TILES_AT));
        int tile = a.here();
        a.load(Gpr.R10, Address.of(Gpr.RSI, GROUPS_AT));
        a.mov(Gpr.RAX, Gpr.RSI);
        a.vmovups(FACTOR, Address.of(Gpr.R8, 0));
        for (int row = 0; row < rows; row++) {
            a.vxorps(row);
        }
        int group = a.here();
        form.scales().load(a, SCALE, ZERO, FACTOR);
        for (int block = 0; block < form.blocks(); block++) {
            block(a, form.bits(), rows);
            a.add(Gpr.RDI, TILE * BLOCK * form.bits() / Byte.SIZE);
            a.add(Gpr.RAX, rows * rowBytes(form.bits()));
        }
        a.add(Gpr.RDX, form.scales().bytes());
        a.add(Gpr.RCX, TILE);
        a.sub(Gpr.R10, 1);
        a.jumpIfNotZero(group);
        for (int row = 0; row < rows; row++) {
            a.vmovups(Address.of(Gpr.R9, row * TILE * Float.BYTES), row);
        }
        a.add(Gpr.R9, rows * TILE * Float.BYTES);
        a.add(Gpr.R8, TILE * Float.BYTES);
        a.sub(Gpr.R11, 1);
        a.jumpIfNotZero(tile);
        a.vzeroupper();
        a.ret();
        return a.code();
    }

    private static void block(Assembler a, int bits, int rows) {
        int integers = BLOCK * (bits == 4 ? 1 : 2);
        for (int sum = SUMS; sum < SUMS + 2 * rows; sum++) {
            a.vxorps(sum);
        }
        for (int chunk = 0; chunk < BLOCK * bits / 32; chunk++) {
            int at = chunk * TILE * Float.BYTES;
            a.prefetcht0(Address.of(Gpr.RDI, at + AHEAD));
            a.vmovups(CODE, Address.of(Gpr.RDI, at));
            codes(a, bits);
            for (int row = 0; row < rows; row++) {
                Address x = Address.of(Gpr.RAX, row * integers + 8 * chunk);
                Address next = Address.of(Gpr.RAX, row * integers + 8 * chunk + 4);
                if (bits == 4) {
                    a.vpdpbusd(SUMS + 2 * row, CODE, x);
                    a.vpdpbusd(SUMS + 2 * row + 1, OTHER, next);
                } else {
                    a.vpdpwssd(SUMS + 2 * row, CODE, x);
                    a.vpdpwssd(SUMS + 2 * row + 1, OTHER, next);
                }
            }
        }
        for (int row = 0; row < rows; row++) {
            int sum = SUMS + 2 * row;
            int scalars = rows * integers + row * SCALARS;
            a.vpaddd(sum, sum, sum + 1);
            a.vcvtdq2ps(sum, sum);
            if (bits == 4) {
                a.vfmadd231psOfAll(sum, ZERO, Address.of(Gpr.RAX, scalars + 4));
            }
            a.vmulpsOfAll(LINE, SCALE, Address.of(Gpr.RAX, scalars));
            a.vfmadd231ps(row, sum, LINE);
        }
    }

    /** Splits what was loaded into the codes of two products. */
    private static void codes(Assembler a, int bits) {
        if (bits == 4) {
            a.vpsrld(OTHER, CODE, 4);
            a.vpandd(OTHER, OTHER, MASK);
            a.vpandd(CODE, CODE, MASK);
        } else {
            a.vpsraw(OTHER, CODE, 8);
            a.vpsllw(CODE, CODE, 8);
            a.vpsraw(CODE, CODE, 8);
        }
    }
}
