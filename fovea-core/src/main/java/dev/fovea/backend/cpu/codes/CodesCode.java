package dev.fovea.backend.cpu.codes;

import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static dev.fovea.tensor.QuantizedMatrix.BLOCK;
import static dev.fovea.tensor.QuantizedMatrix.TILE;

import dev.fovea.backend.cpu.machine.Isa;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.error.NativeException;
import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Cpuid;
import dev.fovea.ffi.x86.MachineCode;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Products of rows with quantised weights by the processor's products of integers, which the Vector API has not: by AVX512_VNNI
 * ({@link WideCodesCode}) or by AVX2 ({@link NarrowCodesCode}), with the same bits. Codes of 4 bits meet x in 8 bits, as in
 * {@link Quantized4}, with the same bits as there; codes of 8 bits meet x in 16.
 *
 * <p>Codes are asked for some lines before they are needed: by AVX2 everywhere, by AVX-512 where {@linkplain Isa#asksAhead that helps}
 * and for so many rows that a processor's own window of instructions ends some lines ahead.
 */
public final class CodesCode {
    private static final List<Cpuid> NEEDED = List.of(Cpuid.AVX2, Cpuid.FMA);
    private static final List<Cpuid> NEEDED_512 =
            List.of(Cpuid.AVX512F, Cpuid.AVX512VL, Cpuid.AVX512BW, Cpuid.AVX512_VNNI);

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Bytes in front of x, where the number of groups is, and of results, where that of tiles and a mask are. */
    private static final int HEAD = 64;

    static final int GROUPS_AT = -HEAD;
    static final int TILES_AT = -HEAD;
    static final int MASK_AT = -HEAD + 8;
    static final int ONES_AT = -HEAD + 12;
    static final int CODES_STRIDE_AT = -HEAD + 16;
    static final int SCALES_STRIDE_AT = -HEAD + 24;
    static final int ZEROS_STRIDE_AT = -HEAD + 32;
    static final int RESULTS_STRIDE_AT = -HEAD + 40;
    private static final int HALF_BYTES = 0x0f0f0f0f;
    private static final int ONES = 0x00010001;

    /** Blocks of a group that are written out. */
    static final int LARGEST_GROUP = 4;

    /** Bytes between a code that is asked for and the one that is used: more than a page, at whose end a processor's own fetching ends. */
    static final int AHEAD = 6144;

    /** Bytes of a tile from which on several are read side by side where they are not asked for: shorter streams end too often. */
    private static final int LONG_TILE = 1 << 15;

    /** Of a row and block of x: the scale, and an eighth of the sum of the integers with its sign turned. */
    static final int SCALARS = 8;

    private final boolean wide;
    private final boolean asks;
    private final RoundedRow toBytes;
    private final RoundedRow toShorts;
    private final Map<Form, NativeFunction> kernels = new ConcurrentHashMap<>();

    /**
     * What a kernel is made for.
     *
     * @param byteScales or float32
     * @param blocks of a group, which shares scales
     * @param rows of x
     * @param tiles that are read side by side
     * @param asks whether codes are asked for before they are needed
     */
    record Form(int bits, boolean byteScales, int blocks, int rows, int tiles, boolean asks) {
        CodeScales scales() {
            return new CodeScales(bits, byteScales);
        }

        /** Bytes of a row's integers in a block. */
        int integers() {
            return CodesCode.integers(bits);
        }

        /** Splits what was loaded into the codes of two products. */
        void split(Assembler a, int code, int other, int mask) {
            if (bits == 4) {
                a.vpsrld(other, code, 4);
                a.vpandd(other, other, mask);
                a.vpandd(code, code, mask);
            } else {
                a.vpsraw(other, code, 8);
                a.vpsllw(code, code, 8);
                a.vpsraw(code, code, 8);
            }
        }
    }

    /**
     * @param wide whether vectors have 512 bits, not 256
     * @param asks whether codes are asked for before they are needed
     */
    CodesCode(boolean wide, boolean asks) {
        this.wide = wide;
        this.asks = asks;
        toBytes = wide ? new RoundedRowCode(Byte.SIZE) : new PlainRoundedRow(Byte.SIZE);
        toShorts = wide ? new RoundedRowCode(Short.SIZE) : new PlainRoundedRow(Short.SIZE);
    }

    /** The kernels; null where the processor or the system has none. */
    public static @Nullable CodesCode here() {
        return Here.FOUND;
    }

    private static final class Here {
        private static final @Nullable CodesCode FOUND = find();
    }

    private static @Nullable CodesCode find() {
        int bits = Lanes.SHAPE.vectorBitSize();
        try {
            if (bits == 512 && present(NEEDED_512)) {
                return new CodesCode(true, Isa.asksAhead());
            }
            return bits >= 256 && present(NEEDED) ? new CodesCode(false, true) : null;
        } catch (NativeException e) {
            return null; // then the Vector API computes
        }
    }

    private static boolean present(List<Cpuid> features) {
        return features.stream().allMatch(Cpuid::isPresent);
    }

    private NativeFunction kernel(Form form) {
        return kernels.computeIfAbsent(
                form, f -> MachineCode.nativeFunction(wide ? WideCodesCode.code(f) : NarrowCodesCode.code(f)));
    }

    /** Rows of x that meet a code at once. */
    int rows() {
        return wide ? WideCodesCode.ROWS : NarrowCodesCode.ROWS;
    }

    /** Tiles that are read side by side by so many rows, if there are so many. */
    int tiles(Codes w, int rows) {
        boolean aside = wide && rows <= WideCodesCode.FEW && (asks || w.tileBytes() >= LONG_TILE);
        return aside ? WideCodesCode.TILES : 1;
    }

    private boolean asks(int rows) {
        return asks || rows > WideCodesCode.FEW;
    }

    /** Whether it reads weights of this form. */
    static boolean reads(Codes w) {
        return w.blocksPerGroup() <= LARGEST_GROUP && w.blocks() % w.blocksPerGroup() == 0;
    }

    // ------------------------------------------------------------------------------------------------------- rows of x

    /** Bytes of a row's integers in a block. */
    private static int integers(int bits) {
        return BLOCK * (bits == 4 ? Byte.BYTES : Short.BYTES);
    }

    /** Bytes of a row's block: its integers and scalars. */
    private static int rowBytes(int bits) {
        return integers(bits) + SCALARS;
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
        long integers = integers(w.bits());
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
     * Products of some tiles with rows of x: for each row sixteen of each tile.
     *
     * @param x memory that {@link #row} filled, of so many rows
     * @param results memory of {@link #resultBytes}
     * @return where they begin
     */
    long multiply(Codes w, int tile, int tiles, long x, int rows, long results) {
        long out = results + HEAD;
        long stride = (long) tiles * TILE * Float.BYTES;
        int together = tiles(w, rows);
        int aside = tiles % together;
        if (aside > 0) { // first: what a call's own head lies over is written by the other
            int before = tiles - aside;
            multiply(w, tile + before, aside, 1, x, rows, stride, out + (long) before * TILE * Float.BYTES);
        }
        if (aside < tiles) {
            multiply(w, tile, (tiles - aside) / together, together, x, rows, stride, out);
        }
        return out;
    }

    /** Some times so many tiles side by side. */
    private void multiply(Codes w, int tile, int times, int tiles, long x, int rows, long stride, long out) {
        Form form = new Form(w.bits(), w.byteScales(), w.blocksPerGroup(), rows, tiles, asks(rows));
        int groupsOfTile = w.blocks() / w.blocksPerGroup();
        MEMORY.set(LONG, out + TILES_AT, times);
        MEMORY.set(Lanes.INT, out + MASK_AT, HALF_BYTES);
        MEMORY.set(Lanes.INT, out + ONES_AT, ONES);
        MEMORY.set(LONG, out + CODES_STRIDE_AT, w.tileBytes());
        MEMORY.set(
                LONG,
                out + SCALES_STRIDE_AT,
                (long) groupsOfTile * form.scales().bytes());
        MEMORY.set(LONG, out + ZEROS_STRIDE_AT, (long) groupsOfTile * TILE);
        MEMORY.set(LONG, out + RESULTS_STRIDE_AT, stride);
        long groups = (long) tile * groupsOfTile;
        kernel(form)
                .call(
                        w.tile(tile),
                        x + HEAD,
                        w.scales() + groups * form.scales().bytes(),
                        w.zeros() + groups * TILE,
                        w.factors() + 4L * tile * TILE,
                        out);
    }
}
