package dev.fovea.backend.reference;

import dev.fovea.tensor.DType;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** The elements of a tensor of any layout by their row-major index, as float64, which holds each of them exactly. */
final class Elements {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Elements() {}

    static double[] read(Tensor x) {
        double[] out = new double[Math.toIntExact(x.shape().size())];
        for (int i = 0; i < out.length; i++) {
            out[i] = get(x, i);
        }
        return out;
    }

    static double get(Tensor x, long index) {
        MemorySegment memory = x.memory();
        long at = position(x, index) * x.dtype().bytes();
        return switch (x.dtype()) {
            case FLOAT32 -> memory.get(FLOAT, at);
            case BFLOAT16 -> DType.bfloat16ToFloat(memory.get(SHORT, at));
            case FLOAT16 -> Float.float16ToFloat(memory.get(SHORT, at));
            default ->
                throw new IllegalArgumentException(
                        "no arithmetic in " + x.dtype().torchName());
        };
    }

    /** Rounds to float32, then to the tensor's dtype: so float32 arithmetic ends. */
    static void set(Tensor x, long index, double value) {
        MemorySegment memory = x.memory();
        long at = position(x, index) * x.dtype().bytes();
        switch (x.dtype()) {
            case FLOAT32 -> memory.set(FLOAT, at, (float) value);
            case BFLOAT16 -> memory.set(SHORT, at, DType.floatToBfloat16((float) value));
            case FLOAT16 -> memory.set(SHORT, at, Float.floatToFloat16((float) value));
            default ->
                throw new IllegalArgumentException(
                        "no arithmetic in " + x.dtype().torchName());
        }
    }

    /** What storing a value in a dtype leaves of it. */
    static double round(DType dtype, double value) {
        return dtype.round((float) value);
    }

    private static long position(Tensor x, long index) {
        long at = x.offset();
        long rest = index;
        for (int axis = x.rank() - 1; axis >= 0; axis--) {
            at += rest % x.dim(axis) * x.stride(axis);
            rest /= x.dim(axis);
        }
        return at;
    }
}
