package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Device.Grid;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;

/**
 * Launches of {@code wide.cu}: attention of few queries to few keys in heads of a great width, in 16 bits. Florence-2's channels
 * attend to each other so; their heads are as wide as a map has places.
 */
final class WideAttention {
    private static final int MOST = 32; // queries, and keys
    private static final int NARROW = 256; // of heads that others take
    private static final int SLICE = 512; // of the width, for a block
    private static final int THREADS = 256;
    private static final int QUERIES = 8; // of a block that makes weights

    private final Device device;

    WideAttention(Device device) {
        this.device = device;
    }

    static boolean handles(Tensor q, Tensor k, Mask mask) {
        return q.dtype() != DType.FLOAT32
                && q.dim(2) > NARROW
                && q.dim(1) == k.dim(1)
                && q.dim(0) <= MOST
                && k.dim(0) <= MOST
                && mask.rows().length == 0
                && Arrays.stream(mask.from()).allMatch(from -> from == 0)
                && Arrays.stream(mask.to()).allMatch(to -> to == k.dim(0));
    }

    void attend(Tensor q, Tensor k, Tensor v, float scale, Tensor out) {
        int heads = q.dim(1);
        int width = q.dim(2);
        int slices = Math.ceilDiv(width, SLICE);
        try (Scope scope = Scope.open(q.backend())) {
            Tensor partial = scope.allocate(DType.FLOAT32, Shape.of(heads, slices, MOST, MOST));
            Tensor weights = scope.allocate(DType.FLOAT32, Shape.of(heads, MOST, MOST));
            Arguments scores = new Arguments()
                    .pointer(Rows.address(q))
                    .pointer(Rows.stride(q))
                    .pointer(Rows.address(k))
                    .pointer(Rows.stride(k))
                    .pointer(Rows.address(partial))
                    .integer(q.dim(0))
                    .integer(k.dim(0))
                    .integer(width);
            device.launch(kernel("wide_scores", q), new Grid(slices, heads, 1), scores);
            Arguments softmax = new Arguments()
                    .pointer(Rows.address(partial))
                    .pointer(Rows.address(weights))
                    .integer(slices)
                    .integer(k.dim(0))
                    .real(scale);
            device.launch(kernel("wide_weights", q), new Grid(MOST / QUERIES, heads, 1), softmax);
            Arguments values = new Arguments()
                    .pointer(Rows.address(v))
                    .pointer(Rows.stride(v))
                    .pointer(Rows.address(weights))
                    .pointer(Rows.address(out))
                    .integer(q.dim(0))
                    .integer(k.dim(0))
                    .integer(width);
            device.launch(kernel("wide_values", q), new Grid(slices, heads, 1), values);
        }
    }

    private static Kernel kernel(String entry, Tensor q) {
        return new Kernel(module(q.dtype()), entry, THREADS);
    }

    /** The kernels for a dtype. */
    static Kernel.Module module(DType dtype) {
        return Kernel.Module.of("wide", dtype);
    }
}
