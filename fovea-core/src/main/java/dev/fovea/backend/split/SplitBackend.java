package dev.fovea.backend.split;

import dev.fovea.ffi.Cleanup;
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
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Several backends that share a model. Every tensor has one of them as its home; an operation runs where its weight, its keys
 * or its last operand is, and operands from elsewhere are copied there first. So a layer runs where its weights are, and
 * between layers of two homes one copy of the hidden state goes over.
 */
public final class SplitBackend implements Backend {
    private final List<Backend> homes;
    private final Function<String, Backend> placement;
    private final Travels travels = new Travels();
    private final Lifetime lifetime;

    /**
     * Takes the backends, and closes them when it is closed or forgotten.
     *
     * @param homes at least one, each once; none a split one itself
     * @param placement from a weight's name in the model's spelling, or an empty one, to its home
     */
    public SplitBackend(List<Backend> homes, Function<String, Backend> placement) {
        this.homes = List.copyOf(homes);
        this.placement = placement;
        List<Backend> owned = this.homes;
        lifetime = new Lifetime(() -> Cleanup.each(owned, Backend::close));
    }

    @Override
    public String name() {
        return homes.stream().map(Backend::name).collect(Collectors.joining(","));
    }

    @Override
    public List<Backend> homes() {
        return homes;
    }

    @Override
    public Backend home(String weight) {
        return placement.apply(weight);
    }

    /** Memory is taken from the homes. */
    @Override
    public MemorySegment allocateSlab(long bytes) {
        throw new UnsupportedOperationException("a split backend has no memory of its own");
    }

    @Override
    public void releaseSlab(MemorySegment slab) {
        throw new UnsupportedOperationException("a split backend has no memory of its own");
    }

    @Override
    public Lifetime.Lease use() {
        return lifetime.use("backend");
    }

    @Override
    public void close() {
        lifetime.close();
    }

    // ------------------------------------------------------------------------------------------- to and from the host

    /** Weights are placed one by one: {@link #home} says of each whether the host has it. */
    @Override
    public boolean isHost() {
        return false;
    }

    @Override
    public void write(MemorySegment from, Tensor to) {
        to.home().write(from, at(to));
    }

    @Override
    public void read(Tensor from, MemorySegment to) {
        from.home().read(at(from), to);
    }

    @Override
    public void move(Tensor from, Tensor to) {
        Travels.move(at(from), at(to));
    }

    @Override
    public int[] argmax(Tensor x) {
        return x.home().argmax(at(x));
    }

    /** A tensor as its home knows it. */
    private static Tensor at(Tensor x) {
        return x.on(x.home());
    }

    /** A tensor, or its copy, as a home knows it. */
    private Tensor at(Tensor x, Backend home) {
        return x.home() == home ? x.on(home) : copied(x, home);
    }

    private Tensor copied(Tensor x, Backend home) {
        Tensor copy = Scope.current(this).allocate(home, x.dtype(), x.shape()).on(home);
        Travels.move(at(x.contiguous()), copy);
        return copy;
    }

    private @Nullable Tensor orNull(@Nullable Tensor x, Backend home) {
        return x == null ? null : at(x, home);
    }

    // -------------------------------------------------------------------------------------------------- products

    @Override
    public Tensor linear(Tensor x, Matrix w, @Nullable Tensor bias) {
        Contract.linear(x, w, bias);
        Backend home = homeOf(w);
        return home.linear(at(x, home), at(w), orNull(bias, home)).on(this);
    }

    @Override
    public Tensor linear(Tensor x, Tensor w, @Nullable Tensor bias) {
        return linear(x, (Matrix) w, bias);
    }

    @Override
    public Tensor linear(Tensor x, LosslessMatrix w, @Nullable Tensor bias) {
        return linear(x, (Matrix) w, bias);
    }

    @Override
    public Tensor linear(Tensor x, QuantizedMatrix w, @Nullable Tensor bias) {
        return linear(x, (Matrix) w, bias);
    }

    /** Weights of one home go there together: rows travel once, and the home may do them as one. */
    @Override
    public List<Tensor> linear(Tensor x, List<Projection> projections) {
        Set<Backend> weightHomes =
                projections.stream().map(p -> homeOf(p.weight())).collect(Collectors.toSet());
        if (weightHomes.size() != 1) {
            return Backend.super.linear(x, projections);
        }
        projections.forEach(p -> Contract.linear(x, p.weight(), p.bias()));
        Backend home = weightHomes.iterator().next();
        List<Projection> own = projections.stream().map(p -> own(p, home)).toList();
        return home.linear(at(x, home), own).stream().map(y -> y.on(this)).toList();
    }

    @Override
    public Tensor gatedLinear(Tensor x, Projection gate, Projection up, Activation f) {
        Backend home = homeOf(gate.weight());
        if (homeOf(up.weight()) != home) {
            return Backend.super.gatedLinear(x, gate, up, f);
        }
        Contract.linear(x, gate.weight(), gate.bias());
        Contract.linear(x, up.weight(), up.bias());
        return home.gatedLinear(at(x, home), own(gate, home), own(up, home), f).on(this);
    }

    private Projection own(Projection p, Backend home) {
        return new Projection(at(p.weight()), orNull(p.bias(), home));
    }

    private static Backend homeOf(Matrix w) {
        return switch (w) {
            case Tensor dense -> dense.home();
            case LosslessMatrix lossless -> lossless.codes().home();
            case QuantizedMatrix quantized -> quantized.codes().home();
        };
    }

    private static Matrix at(Matrix w) {
        return switch (w) {
            case Tensor dense -> at(dense);
            case LosslessMatrix lossless -> lossless.map(SplitBackend::at);
            case QuantizedMatrix quantized -> quantized.map(SplitBackend::at);
        };
    }

    @Override
    public Tensor attention(Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
        Contract.attention(q, k, v, mask);
        Backend home = k.home();
        return home.attention(at(q, home), at(k), at(v, home), mask, scale).on(this);
    }

    @Override
    public Tensor conv2d(Tensor x, Tensor w, @Nullable Tensor bias, int stride, int padding, int groups) {
        Contract.conv2d(x, w, bias, stride, padding, groups);
        Backend home = w.home();
        return home.conv2d(at(x, home), at(w), orNull(bias, home), stride, padding, groups)
                .on(this);
    }

    // ----------------------------------------------------------------------------------------------------- norms

    @Override
    public Tensor rmsNorm(Tensor x, Tensor weight, float eps) {
        Contract.rmsNorm(x, weight);
        Backend home = weight.home();
        return home.rmsNorm(at(x, home), at(weight), eps).on(this);
    }

    @Override
    public Tensor rmsNormPlusOne(Tensor x, Tensor weight, float eps) {
        Contract.rmsNormPlusOne(x, weight);
        Backend home = weight.home();
        return home.rmsNormPlusOne(at(x, home), at(weight), eps).on(this);
    }

    @Override
    public Tensor layerNorm(Tensor x, Tensor weight, Tensor bias, float eps) {
        Contract.layerNorm(x, weight, bias);
        Backend home = weight.home();
        return home.layerNorm(at(x, home), at(weight), at(bias, home), eps).on(this);
    }

    // ----------------------------------------------------------------------------------------------- elementwise

    @Override
    public Tensor rope(Tensor x, Tensor cos, Tensor sin) {
        Contract.rope(x, cos, sin);
        Backend home = x.home();
        return home.rope(at(x), travels.at(cos, home), travels.at(sin, home)).on(this);
    }

    @Override
    public Tensor activation(Tensor x, Activation f) {
        Contract.activation(x);
        return x.home().activation(at(x), f).on(this);
    }

    @Override
    public Tensor gated(Tensor gate, Tensor up, Activation f) {
        Contract.gated(gate, up);
        return up.home().gated(at(gate, up.home()), at(up), f).on(this);
    }

    @Override
    public Tensor add(Tensor x, Tensor y) {
        Contract.add(x, y);
        return y.home().add(at(x, y.home()), at(y)).on(this);
    }

    @Override
    public Tensor scale(Tensor x, float factor) {
        Contract.scale(x);
        return x.home().scale(at(x), factor).on(this);
    }

    // --------------------------------------------------------------------------------------------------- movement

    @Override
    public Tensor copy(Tensor x, DType dtype) {
        Contract.copy(x, dtype);
        return x.home().copy(at(x), dtype).on(this);
    }

    @Override
    public Tensor concat(List<Tensor> parts) {
        Contract.concat(parts);
        Backend home = parts.getFirst().home();
        return home.concat(parts.stream().map(part -> at(part, home)).toList()).on(this);
    }

    @Override
    public Tensor gatherRows(Tensor table, int[] ids, DType dtype) {
        Contract.gatherRows(table, ids, dtype);
        return table.home().gatherRows(at(table), ids, dtype).on(this);
    }

    @Override
    public void scatterRows(Tensor target, int[] ids, Tensor source) {
        Contract.scatterRows(target, ids, source);
        target.home().scatterRows(at(target), ids, at(source, target.home()));
    }

    @Override
    public Tensor avgPool2d(Tensor x, int size) {
        Contract.avgPool2d(x, size);
        return x.home().avgPool2d(at(x), size).on(this);
    }

    @Override
    public Tensor meanRows(Tensor x) {
        Contract.meanRows(x);
        return x.home().meanRows(at(x)).on(this);
    }
}
