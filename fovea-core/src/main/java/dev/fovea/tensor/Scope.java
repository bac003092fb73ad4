package dev.fovea.tensor;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * Owns the memory of tensors. Operations allocate in the innermost open scope of their thread; closing a scope releases
 * everything in it at once. So a forward pass has neither buffers nor close() calls:
 *
 * <pre>{@code
 * try (var step = Scope.open(backend)) {
 *     Tensor x = embed(ids);
 *     for (Layer layer : layers) {
 *         Tensor h = x;
 *         x = Scope.keep(backend, () -> layer.forward(h)); // the layer's other activations are gone here
 *     }
 * }
 * }</pre>
 *
 * What outlives a step (a cache, an encoded picture) lies in a scope of its own, made with {@link #detached}, which
 * operations never allocate in.
 *
 * <p>A scope is a list of slabs with a bump pointer. Open scopes belong to their thread; a detached scope may be closed by
 * any thread, once nobody uses its tensors.
 */
public final class Scope implements AutoCloseable {
    private static final long ALIGNMENT = 64;
    private static final long SLAB_BYTES = 4L << 20;
    private static final ThreadLocal<Deque<Scope>> OPEN = ThreadLocal.withInitial(ArrayDeque::new);

    private final Backend backend;
    private final boolean detached;
    private final List<MemorySegment> slabs = new ArrayList<>();
    private long used;
    private long bytes;
    private boolean closed;

    private Scope(Backend backend, boolean detached) {
        this.backend = backend;
        this.detached = detached;
    }

    /** Opens a scope on this thread, inside those that are open already. */
    public static Scope open(Backend backend) {
        Scope scope = new Scope(backend, false);
        OPEN.get().push(scope);
        return scope;
    }

    /** A scope for what outlives a step; tensors come into it by {@link #allocate} and {@link #adopt}. */
    public static Scope detached(Backend backend) {
        return new Scope(backend, true);
    }

    /** Runs a computation in a scope of its own and keeps only its result, in the scope that was open before. */
    public static Tensor keep(Backend backend, Supplier<Tensor> computation) {
        Scope outer = current(backend);
        try (Scope _ = open(backend)) {
            return outer.adopt(computation.get());
        }
    }

    /** Writes what a computation makes of a densely packed tensor over it; all that the computation allocates is gone then. */
    public static void update(Tensor x, UnaryOperator<Tensor> computation) {
        try (Scope _ = open(x.backend())) {
            Tensor result = computation.apply(x);
            if (!result.shape().equals(x.shape()) || result.dtype() != x.dtype() || !x.isContiguous()) {
                throw new IllegalArgumentException("update of " + x + " with " + result);
            }
            if (x.backend().holdsData()) {
                result.contiguous().copyBytesTo(x);
            }
        }
    }

    /**
     * The innermost open scope of this thread.
     *
     * @throws IllegalStateException if none is open for this backend
     */
    public static Scope current(Backend backend) {
        Scope scope = OPEN.get().peek();
        if (scope == null || scope.backend != backend) {
            throw new IllegalStateException("no scope is open on this thread for the backend " + backend.name()
                    + "; wrap the computation in try (var step = Scope.open(backend))");
        }
        return scope;
    }

    /** A new tensor here, its contents undefined. */
    public synchronized Tensor allocate(DType dtype, Shape shape) {
        if (closed) {
            throw new IllegalStateException("this scope is closed");
        }
        long size = Math.max(ALIGNMENT, align(Math.multiplyExact(shape.size(), dtype.bytes())));
        if (!backend.holdsData()) {
            bytes += size;
            return Tensor.dense(backend, dtype, shape, MemorySegment.NULL);
        }
        if (slabs.isEmpty() || used + size > slabs.getLast().byteSize()) {
            slabs.add(backend.allocateSlab(Math.max(size, SLAB_BYTES)));
            bytes += slabs.getLast().byteSize();
            used = 0;
        }
        MemorySegment memory = slabs.getLast().asSlice(used, size, ALIGNMENT);
        used += size;
        return Tensor.dense(backend, dtype, shape, memory);
    }

    /** A densely packed copy here of a tensor that lives anywhere; needs no open scope. */
    public Tensor adopt(Tensor tensor) {
        Tensor copy = allocate(tensor.dtype(), tensor.shape());
        if (backend.holdsData()) {
            try (Scope _ = open(backend)) {
                tensor.contiguous().copyBytesTo(copy);
            }
        }
        return copy;
    }

    /** Bytes of memory held; where the backend holds no data, what the tensors would take. */
    public long bytes() {
        return bytes;
    }

    /** Bytes of all scopes that are open on this thread. */
    public static long openBytes() {
        return OPEN.get().stream().mapToLong(Scope::bytes).sum();
    }

    private static long align(long size) {
        return (size + ALIGNMENT - 1) & -ALIGNMENT;
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        if (!detached && OPEN.get().peek() != this) {
            throw new IllegalStateException("scopes are closed innermost first, by the thread that opened them");
        }
        closed = true;
        if (!detached) {
            OPEN.get().pop();
        }
        slabs.forEach(backend::releaseSlab);
        slabs.clear();
        bytes = 0;
    }
}
