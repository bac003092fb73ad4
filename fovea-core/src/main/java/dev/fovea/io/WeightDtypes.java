package dev.fovea.io;

import dev.fovea.tensor.DType;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.stream.LongStream;

/** Which weights are used as they are stored, and how the others become what the model computes in. */
final class WeightDtypes {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Elements that one task converts: its two buffers fit the second-level cache. */
    private static final int CHUNK = 1 << 15;

    private WeightDtypes() {}

    /**
     * Whether weights need no conversion: they have the dtype, or kernels widen them exactly, or they are integers,
     * which are never computed with.
     */
    static boolean isUsedAsStored(DType stored, DType computed) {
        return stored == computed
                || (computed == DType.FLOAT32 && stored.isFloating())
                || (!stored.isFloating() && stored != DType.FLOAT64);
    }

    /** Fills a tensor with converted values: through float32, round to nearest even, as PyTorch casts. Uses all cores. */
    static void convert(MemorySegment source, DType stored, Tensor target) {
        long size = target.shape().size();
        LongStream.range(0, (size + CHUNK - 1) / CHUNK).parallel().forEach(chunk -> {
            long from = chunk * CHUNK;
            int count = (int) Math.min(CHUNK, size - from);
            store(load(source, stored, from, count), target, from);
        });
    }

    static float[] load(MemorySegment source, DType stored, long from, int count) {
        float[] values = new float[count];
        switch (stored) {
            case FLOAT32 -> MemorySegment.copy(source, FLOAT, from * Float.BYTES, values, 0, count);
            case BFLOAT16 -> {
                short[] bits = shorts(source, from, count);
                for (int i = 0; i < count; i++) {
                    values[i] = DType.bfloat16ToFloat(bits[i]);
                }
            }
            case FLOAT16 -> {
                short[] bits = shorts(source, from, count);
                for (int i = 0; i < count; i++) {
                    values[i] = Float.float16ToFloat(bits[i]);
                }
            }
            case FLOAT64 -> {
                for (int i = 0; i < count; i++) {
                    values[i] = (float) source.get(DOUBLE, (from + i) * Double.BYTES);
                }
            }
            default -> throw new IllegalArgumentException("conversion of " + stored.torchName());
        }
        return values;
    }

    private static short[] shorts(MemorySegment source, long from, int count) {
        short[] bits = new short[count];
        MemorySegment.copy(source, SHORT, from * Short.BYTES, bits, 0, count);
        return bits;
    }

    static void store(float[] values, Tensor target, long from) {
        Tensor part = target.run(from, values.length);
        if (target.dtype() == DType.FLOAT32) {
            target.backend().write(MemorySegment.ofArray(values), part);
            return;
        }
        short[] bits = new short[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = bits(values[i], target.dtype());
        }
        target.backend().write(MemorySegment.ofArray(bits), part);
    }

    /** A value of 16 bits. */
    static short bits(float value, DType dtype) {
        return switch (dtype) {
            case BFLOAT16 -> DType.floatToBfloat16(value);
            case FLOAT16 -> Float.floatToFloat16(value);
            default -> throw new IllegalArgumentException("conversion to " + dtype.torchName());
        };
    }
}
