package dev.fovea.backend.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.cuda.device.Arguments;
import java.lang.foreign.MemorySegment;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * An instruction as a test: the kernel of {@code opcodes.cu} that has it, on numbers where it could go wrong, against arithmetic of
 * Java's own.
 *
 * @param types of the operands and then of the result: i, l, f, d, h (of 16 bits)
 * @param ulps how many units of the last place the result may be away
 */
record PtxOpcode(String name, String types, Expected expected, int ulps) {
    private static final int[] INTS = Arrays.stream("""
            0 1 -1 2 3 5 7 31 32 33 63 64 100 255 256 -128 127 32767 -32768 65535 65536 0x7fffffff 0x80000000 0x80000001
            0x12345678 0xdeadbeef 0x0f0f0f0f 0x1000000 0x1000001 0x1000003 -0x1000001 0x7fffffbf""".split("\\s+"))
            .mapToInt(s -> Long.decode(s).intValue())
            .toArray();
    private static final float[] FLOATS = floats("""
            0 -0 1 -1 0.5 -0.5 1.5 2.5 -2.5 0.1 3.3 0x1.000002p0 0x1.fffffep-1 0x1p-24 16777215 8388609 0x1p31 0x1p32 -0x1p31
            0x1p63 0x1p64 -0x1.8p63 65519 65520 1e-6 6e-8 0x1.fffffep127 -0x1.fffffep127 0x1p-126 0x1p-149 -1e-40 Infinity
            -Infinity NaN 1.00390625 1.01171875 3.1415927 -20.25 88.7 126.99""");

    /** The right result's bits. */
    interface Expected {
        long of(long a, long b, long c);
    }

    private static float[] floats(String numbers) {
        String[] parts = numbers.split("\\s+");
        float[] x = new float[parts.length];
        for (int i = 0; i < x.length; i++) {
            x[i] = Float.parseFloat(parts[i]);
        }
        return x;
    }

    PtxOpcode(String name, String types, Expected expected) {
        this(name, types, expected, 0);
    }

    @Override
    public String toString() {
        return name;
    }

    static float real(long bits) {
        return Float.intBitsToFloat((int) bits);
    }

    static long bits(float x) {
        return Float.isNaN(x) ? 0x7fffffffL : Float.floatToRawIntBits(x) & 0xffff_ffffL;
    }

    static long bits(double x) {
        return Double.isNaN(x) ? 0x7fffffff_ffffffffL : Double.doubleToRawLongBits(x);
    }

    static BigInteger unsigned(long x) {
        return new BigInteger(Long.toUnsignedString(x));
    }

    /** Runs it, and compares all results. */
    void check(PtxTrial trial) {
        int operands = types.length() - 1;
        List<long[]> rows = rows(operands);
        Arguments arguments = new Arguments();
        for (int i = 0; i < operands; i++) {
            arguments.pointer(trial.put(packed(rows, i, types.charAt(i))));
        }
        char type = types.charAt(operands);
        byte[] result = new byte[rows.size() * bytes(type)];
        long d = trial.put(MemorySegment.ofArray(result));
        arguments.pointer(d);
        trial.launch(name, rows.size() / 32, 32, arguments);
        trial.device.download(d, MemorySegment.ofArray(result));
        ByteBuffer results = ByteBuffer.wrap(result).order(ByteOrder.LITTLE_ENDIAN);
        for (long[] row : rows) {
            long right = this.expected.of(row[0], row[1], row[2]);
            long actual = value(results, type);
            String what = "%s of %x, %x, %x: %x, expected %x"
                    .formatted(name, row[0], row[1], row[2], actual, mask(right, type));
            if (ulps > 0 && Float.isFinite(real(right)) && Float.isFinite(real(actual))) {
                assertThat(Math.abs(real(actual) - real(right)))
                        .as(what)
                        .isLessThanOrEqualTo(ulps * Math.ulp(real(right)));
            } else {
                assertThat(actual).as(what).isEqualTo(mask(right, type));
            }
        }
    }

    /** Operands: some of all pairs, and random ones; a multiple of 32. */
    private List<long[]> rows(int operands) {
        Random random = new Random(name.hashCode());
        List<long[]> rows = new ArrayList<>();
        for (int n = 0; n < 1024; n++) {
            long[] row = new long[3];
            for (int i = 0; i < operands; i++) {
                int index = operands == 1 ? n : i == 0 ? n / 32 : i == 1 ? n % 32 : random.nextInt();
                row[i] = operand(random, types.charAt(i), n >= 1024 - 320 ? random.nextInt() : index);
            }
            rows.add(row);
        }
        return rows;
    }

    private static long operand(Random random, char type, int index) {
        boolean known = index >= 0 && index < (type == 'f' || type == 'd' ? FLOATS.length : INTS.length);
        return switch (type) {
            case 'f' ->
                bits(known ? FLOATS[index] : (float) Math.scalb(random.nextGaussian(), random.nextInt(-30, 30)));
            case 'd' ->
                bits(known ? (double) FLOATS[index] : Math.scalb(random.nextGaussian(), random.nextInt(-130, 130)));
            case 'l' -> known ? INTS[index] : random.nextLong() >> random.nextInt(64);
            case 'h' -> (known ? INTS[index] : random.nextInt()) & 0xffff;
            default -> (known ? INTS[index] : random.nextInt() >> random.nextInt(32)) & 0xffff_ffffL;
        };
    }

    private static int bytes(char type) {
        return type == 'l' || type == 'd' ? 8 : type == 'h' ? 2 : 4;
    }

    private static long mask(long x, char type) {
        return x & -1L >>> 64 - 8 * bytes(type);
    }

    private static MemorySegment packed(List<long[]> rows, int operand, char type) {
        ByteBuffer buffer = ByteBuffer.allocate(rows.size() * bytes(type)).order(ByteOrder.LITTLE_ENDIAN);
        for (long[] row : rows) {
            switch (bytes(type)) {
                case 2 -> buffer.putShort((short) row[operand]);
                case 4 -> buffer.putInt((int) row[operand]);
                default -> buffer.putLong(row[operand]);
            }
        }
        return MemorySegment.ofArray(buffer.array());
    }

    private static long value(ByteBuffer buffer, char type) {
        return switch (bytes(type)) {
            case 2 -> buffer.getShort() & 0xffffL;
            case 4 -> buffer.getInt() & 0xffff_ffffL;
            default -> buffer.getLong();
        };
    }

    /** The float next to a number on one side; -1 below, 1 above, 0 towards zero. */
    static float directed(BigDecimal exact, float nearest, int side, float zero) {
        if (exact.signum() == 0) {
            return zero;
        }
        int way = side == 0 ? -exact.signum() : side;
        float x = Float.isInfinite(nearest) ? Math.copySign(Float.MAX_VALUE, nearest) : nearest;
        int compared = new BigDecimal(x).compareTo(exact);
        if (compared == 0 || compared == way) {
            return x;
        }
        return way < 0 ? Math.nextDown(x) : Math.nextUp(x);
    }
}
