package dev.fovea.backend;

import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.QuantizedMatrix.Form;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;

/** A weight in codes and rows for it, as bytes, for any backend. */
public record QuantizedCase(Form form, int rows, int columns, byte[][] parts, float[] x, float[] bias) {
    /** The weight, in the scope that is open. */
    public QuantizedMatrix on(Backend b) {
        Shape scales = form.scales(rows, columns);
        Shape padded = Shape.of(QuantizedMatrix.tiles(rows) * QuantizedMatrix.TILE);
        return new QuantizedMatrix(
                form,
                rows,
                columns,
                tensor(b, DType.UINT8, form.codes(rows, columns), parts[0]),
                tensor(b, parts[1].length == 4 * scales.size() ? DType.FLOAT32 : DType.UINT8, scales, parts[1]),
                form.bits() == 4 ? Optional.of(tensor(b, DType.UINT8, scales, parts[2])) : Optional.empty(),
                tensor(b, DType.FLOAT32, padded, parts[3]),
                Optional.empty());
    }

    private static Tensor tensor(Backend b, DType dtype, Shape shape, byte[] bytes) {
        Tensor t = Scope.current(b).allocate(dtype, shape);
        b.write(MemorySegment.ofArray(bytes), t);
        return t;
    }

    /** Products of rows from one to another, with the bias. */
    public float[] linear(Backend b, DType dtype, int from, int to) {
        try (Scope _ = Scope.open(b)) {
            float[] some = Arrays.copyOfRange(x, from * columns, to * columns);
            Tensor input = Tensor.of(b, some, to - from, columns).to(dtype);
            return b.linear(input, on(b), Tensor.of(b, bias, rows).to(dtype)).toFloats();
        }
    }

    /** Codes and scales of all values; scales in float32 where groups are of 128. */
    public static QuantizedCase draw(SplittableRandom random, Form form, int rows, int columns, int count) {
        int codes = (int) form.codes(rows, columns).size();
        int scales = (int) form.scales(rows, columns).size();
        byte[][] parts = {new byte[codes], new byte[scales], new byte[scales], {}};
        random.nextBytes(parts[0]);
        random.nextBytes(parts[1]);
        for (int i = 0; i < scales; i++) {
            parts[2][i] = (byte) random.nextInt(121);
        }
        if (form.group() == 128) {
            parts[1] = floats(random, scales);
        }
        parts[3] = floats(random, QuantizedMatrix.tiles(rows) * QuantizedMatrix.TILE);
        float[] x = new float[count * columns];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (random.nextGaussian() * Math.scalb(1.0, i / 32 % 5));
        }
        float[] bias = new float[rows];
        for (int i = 0; i < rows; i++) {
            bias[i] = (float) random.nextGaussian();
        }
        return new QuantizedCase(form, rows, columns, parts, x, bias);
    }

    private static byte[] floats(SplittableRandom random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextDouble(1e-4, 1e-3);
        }
        return MemorySegment.ofArray(values).toArray(ValueLayout.JAVA_BYTE);
    }
}
