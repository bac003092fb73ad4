package dev.fovea.backend.shapes;

import dev.fovea.tensor.Activation;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.Contract;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Lifetime;
import dev.fovea.tensor.LosslessMatrix;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Matrix;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Follows shapes and dtypes, computes nothing and allocates nothing. Operations refuse what {@link Contract} refuses, so a
 * forward pass with weights of the published shapes finds every wrong shape:
 *
 * <pre>{@code
 * Backend shapes = new ShapeBackend();
 * Tensor w = Tensor.dense(shapes, DType.BFLOAT16, Shape.of(2048, 1024), MemorySegment.NULL);
 * }</pre>
 *
 * It also counts what the computation would cost: see {@link #cost}. For one thread.
 */
public final class ShapeBackend implements Backend {
    private long flops;
    private long weightBytes;
    private long peakBytes;
    private final Lifetime lifetime = new Lifetime(() -> {});

    /**
     * What a computation costs.
     *
     * @param flops of matrix products, convolutions and attention; a multiplication and an addition are two
     * @param weightBytes of the matrices and kernels that it reads, each as often as an operation names it
     * @param peakBytes of the scopes open at once: activations, without caches and weights
     */
    public record Cost(long flops, long weightBytes, long peakBytes) {}

    /** Follows a computation and counts. */
    public Cost cost(Runnable computation) {
        flops = 0;
        weightBytes = 0;
        peakBytes = 0;
        computation.run();
        return new Cost(flops, weightBytes, peakBytes);
    }

    @Override
    public String name() {
        return "shapes";
    }

    @Override
    public boolean holdsData() {
        return false;
    }

    /** @throws UnsupportedOperationException always */
    @Override
    public MemorySegment allocateSlab(long bytes) {
        throw new UnsupportedOperationException("allocateSlab: the backend shapes holds no data");
    }

    /** @throws UnsupportedOperationException always */
    @Override
    public void releaseSlab(MemorySegment slab) {
        throw new UnsupportedOperationException("releaseSlab: the backend shapes holds no data");
    }

    @Override
    public Lifetime.Lease use() {
        return lifetime.use("backend");
    }

    @Override
    public void close() {
        lifetime.close();
    }

    @Override
    public Tensor linear(Tensor x, Tensor w, @Nullable Tensor bias) {
        return product(x, w, Contract.linear(x, w, bias), w.dim(1));
    }

    @Override
    public Tensor linear(Tensor x, LosslessMatrix w, @Nullable Tensor bias) {
        return product(x, w, Contract.linear(x, w, bias), w.columns());
    }

    @Override
    public Tensor linear(Tensor x, QuantizedMatrix w, @Nullable Tensor bias) {
        return product(x, w, Contract.linear(x, w, bias), w.columns());
    }

    @Override
    public Tensor attention(Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
        Shape shape = Contract.attention(q, k, v, mask);
        long seen = 0;
        for (int i = 0; i < mask.queries(); i++) {
            seen += mask.to()[i] - mask.from()[i];
        }
        flops += 4 * seen * q.dim(1) * q.dim(2);
        return result(q, shape);
    }

    @Override
    public Tensor conv2d(Tensor x, Tensor w, @Nullable Tensor bias, int stride, int padding, int groups) {
        Shape shape = Contract.conv2d(x, w, bias, stride, padding, groups);
        return product(x, w, shape, (long) w.dim(1) * w.dim(2) * w.dim(3));
    }

    @Override
    public Tensor rmsNorm(Tensor x, Tensor weight, float eps) {
        return result(x, Contract.rmsNorm(x, weight));
    }

    @Override
    public Tensor rmsNormPlusOne(Tensor x, Tensor weight, float eps) {
        return result(x, Contract.rmsNormPlusOne(x, weight));
    }

    @Override
    public Tensor layerNorm(Tensor x, Tensor weight, Tensor bias, float eps) {
        return result(x, Contract.layerNorm(x, weight, bias));
    }

    @Override
    public Tensor rope(Tensor x, Tensor cos, Tensor sin) {
        return result(x, Contract.rope(x, cos, sin));
    }

    @Override
    public Tensor activation(Tensor x, Activation f) {
        return result(x, Contract.activation(x));
    }

    @Override
    public Tensor gated(Tensor gate, Tensor up, Activation f) {
        return result(gate, Contract.gated(gate, up));
    }

    @Override
    public Tensor add(Tensor x, Tensor y) {
        return result(x, Contract.add(x, y));
    }

    @Override
    public Tensor scale(Tensor x, float factor) {
        return result(x, Contract.scale(x));
    }

    @Override
    public Tensor copy(Tensor x, DType dtype) {
        return result(dtype, Contract.copy(x, dtype));
    }

    @Override
    public Tensor concat(List<Tensor> parts) {
        Shape shape = Contract.concat(parts);
        return result(parts.getFirst(), shape);
    }

    @Override
    public Tensor gatherRows(Tensor table, int[] ids, DType dtype) {
        return result(dtype, Contract.gatherRows(table, ids, dtype));
    }

    @Override
    public void scatterRows(Tensor target, int[] ids, Tensor source) {
        Contract.scatterRows(target, ids, source);
    }

    @Override
    public Tensor avgPool2d(Tensor x, int size) {
        return result(x, Contract.avgPool2d(x, size));
    }

    @Override
    public Tensor meanRows(Tensor x) {
        return result(x, Contract.meanRows(x));
    }

    /** @param terms that are summed for each element of the result */
    private Tensor product(Tensor x, Matrix w, Shape shape, long terms) {
        flops += 2 * shape.size() * terms;
        weightBytes += w.bytes();
        return result(x, shape);
    }

    private Tensor result(Tensor like, Shape shape) {
        return result(like.dtype(), shape);
    }

    private Tensor result(DType dtype, Shape shape) {
        Tensor result = Scope.current(this).allocate(dtype, shape);
        peakBytes = Math.max(peakBytes, Scope.openBytes());
        return result;
    }
}
