package dev.fovea.backend.cpu.rows;

import dev.fovea.backend.cpu.machine.Isa;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.tensor.DType;

/**
 * How machine code brings values of the three dtypes into lanes of float32 and back, by AVX2 or AVX-512, with the bits of {@link
 * PlainMath}. Functions that round begin with {@link #begin}.
 */
public final class LaneCode {
    private static final int MASK = 1;
    private static final int LESS = 1;
    private static final int NO_NUMBER = 3;
    private static final int NOT_LESS = 5; // nor is what is no number
    private static final int AT_LEAST = 0x0d;

    /** Orders of four lanes that bring the upper two, and then the second, to the lowest. */
    private static final int[] HALVES_OF_FOUR = {2 | 3 << 2, 1};

    private LaneCode() {}

    /**
     * Why there is no machine code for vectors as wide as {@link Lanes#SHAPE}; empty where there is.
     *
     * @throws dev.fovea.error.NativeException where the system runs none
     */
    public static String absence() {
        int bits = Lanes.SHAPE.vectorBitSize();
        if (bits < 256) {
            return "vectors have " + bits + " bits";
        }
        Isa kind = bits == 512 ? Isa.AVX512 : Isa.AVX2;
        return kind.missing().map(feature -> "the processor has no " + feature).orElse("");
    }

    /** What a function begins with that rounds; R10 is its own until it returns. */
    public static void begin(Assembler a) {
        LaneConstants.begin(a);
    }

    /** A number in all lanes, for functions that {@link #begin}. */
    public static Address constant(float value) {
        return LaneConstants.of(value);
    }

    /** {@code to} = as many values from the one that index counts on, as float32. */
    public static void load(Assembler a, DType dtype, int to, Gpr row, Gpr index) {
        load(a, dtype, to, at(dtype, row, index));
    }

    static void load(Assembler a, DType dtype, int to, Address from) {
        switch (dtype) {
            case FLOAT32 -> a.vmovups(to, from);
            case FLOAT16 -> a.vcvtph2ps(to, from);
            default -> { // bfloat16 is the upper half of float32
                a.vpmovzxwd(to, from);
                a.vpslld(to, to, Short.SIZE);
            }
        }
    }

    /** Where the value is that index counts. */
    public static Address at(DType dtype, Gpr row, Gpr index) {
        return Address.indexed(row, index, dtype == DType.FLOAT32 ? 2 : 1);
    }

    /** {@code [to]} = the lanes of v, rounded; v and two scratch registers are lost. */
    public static void store(Assembler a, int bits, DType dtype, Address to, int v, int scratch) {
        switch (dtype) {
            case FLOAT32 -> a.vmovups(to, v);
            case FLOAT16 -> {
                a.vcvtps2ph(v, v);
                a.vmovups(bits / 2, to, v);
            }
            default -> {
                nearestBfloat16(a, bits, v, scratch);
                a.vpsrld(v, v, Short.SIZE);
                if (bits == 512) {
                    a.vpmovdw(to, v);
                } else {
                    a.vpackusdw(v, v, v);
                    a.vpermq(v, v, 2 << 2);
                    a.vmovups(128, to, v);
                }
            }
        }
    }

    /** What the dtype holds of v; two scratch registers are lost. */
    static void round(Assembler a, int bits, DType dtype, int v, int scratch) {
        switch (dtype) {
            case FLOAT32 -> {}
            case FLOAT16 -> {
                a.vcvtps2ph(v, v);
                a.vcvtph2ps(v, v);
            }
            default -> {
                nearestBfloat16(a, bits, v, scratch);
                a.vpandd(v, v, LaneConstants.ofBits(0xffff0000));
            }
        }
    }

    /** Bits whose upper half is the nearest bfloat16, ties to even; NaN stays NaN. */
    private static void nearestBfloat16(Assembler a, int bits, int v, int scratch) {
        int quiet = scratch + 1;
        a.vpsrld(scratch, v, Short.SIZE);
        a.vpandd(scratch, scratch, LaneConstants.ofBits(1));
        a.vpaddd(scratch, scratch, LaneConstants.ofBits(0x7fff));
        a.vpaddd(scratch, scratch, v);
        a.vpord(quiet, v, LaneConstants.ofBits(0x400000));
        if (bits == 512) {
            a.vcmppsToMask(MASK, v, v, NO_NUMBER);
            a.vmovaps(v, scratch);
            a.vmovapsWhere(MASK, v, quiet);
        } else {
            a.vcmpps(v, v, v, NO_NUMBER);
            a.vblendvps(v, scratch, quiet, v);
        }
    }

    /** {@code to = 0} in the lanes where x is less; a scratch register is lost. */
    static void zeroWhereLess(Assembler a, int bits, int to, int x, Address limit, int scratch) {
        if (bits == 512) {
            a.vcmppsToMask(MASK, x, limit, NOT_LESS);
            a.vmovapsOrZero(MASK, to, to);
        } else {
            a.vcmpps(scratch, x, limit, LESS);
            a.vandnps(to, scratch, to);
        }
    }

    /** {@code to = from} in the lanes where x is at least so much; a scratch register is lost. */
    public static void moveWhereAtLeast(Assembler a, int bits, int to, int from, int x, Address limit, int scratch) {
        if (bits == 512) {
            a.vcmppsToMask(MASK, x, limit, AT_LEAST);
            a.vmovapsWhere(MASK, to, from);
        } else {
            a.vcmpps(scratch, x, limit, AT_LEAST);
            a.vblendvps(to, to, from, scratch);
        }
    }

    /** The lowest lane becomes the sum of all, halves onto halves, as {@link Vectors#sum} adds. */
    public static void sum(Assembler a, int bits, int v, int scratch) {
        for (int width = bits; width > 128; width /= 2) {
            a.vextractUpperHalf(width, scratch, v);
            a.vaddps(width / 2, v, v, scratch);
        }
        for (int order : HALVES_OF_FOUR) {
            a.vpermilps(scratch, v, order);
            a.vaddps(128, v, v, scratch);
        }
    }

    /** The lowest lane becomes the largest of all; the others are lost. */
    static void largest(Assembler a, int bits, int v, int scratch) {
        for (int width = bits; width > 128; width /= 2) {
            a.vextractUpperHalf(width, scratch, v);
            a.vmaxps(v, scratch, v);
        }
        for (int order : HALVES_OF_FOUR) {
            a.vpermilps(scratch, v, order);
            a.vmaxps(v, scratch, v);
        }
    }
}
