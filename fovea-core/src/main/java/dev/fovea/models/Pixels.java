package dev.fovea.models;

import dev.fovea.tensor.Backend;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * Numbers as a processor makes them: float32, row-major.
 *
 * @param values as many as the shape says
 */
public record Pixels(float[] values, int... shape) {
    public Pixels {
        long size = Arrays.stream(shape).asLongStream().reduce(1, Math::multiplyExact);
        if (size != values.length) {
            throw new IllegalArgumentException(values.length + " values for shape " + Arrays.toString(shape));
        }
    }

    /** A tensor in the scope that is open. */
    public Tensor on(Backend backend) {
        return Tensor.of(backend, values, shape);
    }

    /** Along the first axis, one after another; the other axes are equal. */
    public static Pixels concat(List<Pixels> parts) {
        int[] shape = parts.getFirst().shape.clone();
        shape[0] = parts.stream().mapToInt(p -> p.shape[0]).sum();
        float[] values = new float[parts.stream().mapToInt(p -> p.values.length).sum()];
        int at = 0;
        for (Pixels p : parts) {
            System.arraycopy(p.values, 0, values, at, p.values.length);
            at += p.values.length;
        }
        return new Pixels(values, shape);
    }
}
