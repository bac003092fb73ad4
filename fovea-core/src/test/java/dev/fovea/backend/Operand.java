package dev.fovea.backend;

import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Values to call an operation with, and how they lie in memory. What surrounds them in memory is NaN, so that a kernel that
 * reads beside its operand shows.
 *
 * @param values row-major, exact in the dtype
 */
record Operand(DType dtype, float[] values, int[] dims, Layout layout) {

    enum Layout {
        /** From the start of an aligned block. */
        ALIGNED,
        /** Densely packed, off every alignment but the element's, as in a mapped file. */
        SHIFTED,
        /** Rows apart: a column slice of something wider. */
        ROWS,
        /** A matrix as the transposed view of a densely packed one. */
        TRANSPOSED
    }

    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final byte NAN_BYTE = -1;

    Operand {
        for (int i = 0; i < values.length; i++) {
            values[i] = dtype.round(values[i]);
        }
    }

    Operand with(Layout other) {
        return new Operand(dtype, values, dims, other);
    }

    Operand with(float[] other) {
        return new Operand(dtype, other, dims, layout);
    }

    /** The same values, densely packed, in float32, which holds all of them. */
    Operand widened() {
        return new Operand(DType.FLOAT32, values, dims, Layout.ALIGNED);
    }

    Operand magnitudes() {
        float[] abs = values.clone();
        for (int i = 0; i < abs.length; i++) {
            abs[i] = Math.abs(abs[i]);
        }
        return with(abs);
    }

    /** Rows from..to of the first axis. */
    Operand rows(int from, int to) {
        int width = dims[0] == 0 ? 0 : values.length / dims[0];
        int[] fewer = dims.clone();
        fewer[0] = to - from;
        return new Operand(dtype, Arrays.copyOfRange(values, from * width, to * width), fewer, layout);
    }

    /** The largest magnitude among the finite values. */
    double largest() {
        return IntStream.range(0, values.length)
                .mapToDouble(i -> Math.abs(values[i]))
                .filter(Double::isFinite)
                .max()
                .orElse(0);
    }

    /** These values in the current scope, in their layout. */
    Tensor on(Backend backend) {
        int n = values.length;
        return switch (layout) {
            case ALIGNED -> block(backend, n, n, 0, n).reshape(dims);
            case SHIFTED -> block(backend, n + 5, n, 3, n).rows(3, 3 + n).reshape(dims);
            case ROWS -> {
                int width = n / dims[0];
                int pitch = width + 7;
                yield block(backend, (dims[0] + 1) * pitch, width, 5, pitch)
                        .reshape(dims[0] + 1, pitch)
                        .slice(1, 5, 5 + width)
                        .rows(0, dims[0])
                        .reshape(dims);
            }
            case TRANSPOSED -> {
                float[] turned = new float[n];
                for (int i = 0; i < n; i++) {
                    turned[i % dims[1] * dims[0] + i / dims[1]] = values[i];
                }
                int[] columnsFirst = {dims[1], dims[0]};
                yield new Operand(dtype, turned, columnsFirst, Layout.SHIFTED)
                        .on(backend)
                        .transpose();
            }
        };
    }

    /** So many elements of NaN, with the values in runs of a length, from an element on, the starts of runs so far apart. */
    private Tensor block(Backend backend, int elements, int run, int from, int apart) {
        Tensor block = Scope.current(backend).allocate(dtype, Shape.of(elements));
        if (backend.holdsData()) {
            MemorySegment bytes = MemorySegment.ofArray(new byte[Math.toIntExact(block.bytes())]);
            bytes.fill(NAN_BYTE);
            for (int i = 0; i < values.length; i++) {
                set(bytes, from + i / run * apart + i % run, values[i]);
            }
            backend.write(bytes, block);
        }
        return block;
    }

    private void set(MemorySegment memory, int index, float value) {
        switch (dtype) {
            case FLOAT32 -> memory.set(FLOAT, 4L * index, value);
            case BFLOAT16 -> memory.set(SHORT, 2L * index, DType.floatToBfloat16(value));
            case FLOAT16 -> memory.set(SHORT, 2L * index, Float.floatToFloat16(value));
            default -> throw new IllegalArgumentException(dtype.torchName());
        }
    }

    @Override
    public String toString() {
        return dtype.torchName() + Arrays.toString(dims) + " " + layout;
    }
}
