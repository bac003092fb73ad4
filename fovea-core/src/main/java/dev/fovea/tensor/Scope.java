package dev.fovea.tensor;

import dev.fovea.error.ClosedException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

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
 * <p>A scope is a list of slabs with a bump pointer. Open scopes belong to their thread, and keep the backend open. A detached
 * scope may be closed by any thread: who computes with its tensors beside that takes a lease ({@link #use}). Where it is
 * forgotten, its memory goes back when none of its tensors is reachable. Operations refuse tensors of closed scopes.
 */
public final class Scope implements AutoCloseable {
    private static final long ALIGNMENT = 64;
    private static final long SLAB_BYTES = 4L << 20;
    private static final ThreadLocal<Deque<Scope>> OPEN = ThreadLocal.withInitial(ArrayDeque::new);

    private final Backend backend;
    private final Slabs slabs;
    private final @Nullable Lifetime detached; // null where it is a thread's
    private final Lifetime.@Nullable Lease backendLease; // of a thread's outermost

    private Scope(Backend backend, boolean detached, Lifetime.@Nullable Lease backendLease) {
        this.backend = backend;
        this.slabs = new Slabs(backend);
        this.detached = detached ? new Lifetime(slabs::release) : null;
        this.backendLease = backendLease;
    }

    /**
     * Opens a scope on this thread, inside those that are open already.
     *
     * @throws dev.fovea.error.ClosedException where the backend is closed
     */
    public static Scope open(Backend backend) {
        Deque<Scope> open = OPEN.get();
        boolean outermost = open.isEmpty() || open.peek().backend != backend;
        Scope scope = new Scope(backend, false, outermost ? backend.use() : null);
        open.push(scope);
        return scope;
    }

    /** A scope for what outlives a step; tensors come into it by {@link #allocate} and {@link #adopt}. */
    public static Scope detached(Backend backend) {
        return new Scope(backend, true, null);
    }

    /**
     * Keeps the memory of a detached scope until the lease is closed.
     *
     * @param what is called, for the message
     * @throws dev.fovea.error.ClosedException where the scope is closed
     */
    public Lifetime.Lease use(String what) {
        if (detached == null) {
            throw new IllegalStateException("an open scope is its thread's own; only detached ones are shared");
        }
        return detached.use(what);
    }

    /** Whether its memory is given back. */
    boolean isOver() {
        return slabs.released;
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

    /**
     * A new tensor here, its contents undefined.
     *
     * @throws dev.fovea.error.ClosedException where the scope is closed
     */
    public Tensor allocate(DType dtype, Shape shape) {
        if (slabs.released || (detached != null && detached.isClosed())) {
            throw ClosedException.of("scope");
        }
        return Tensor.dense(backend, dtype, shape, slabs.take(Math.multiplyExact(shape.size(), dtype.bytes())), this);
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
        return slabs.bytes();
    }

    /** Bytes of all scopes that are open on this thread. */
    public static long openBytes() {
        return OPEN.get().stream().mapToLong(Scope::bytes).sum();
    }

    /** Idempotent. */
    @Override
    public void close() {
        if (detached != null) {
            detached.close();
            return;
        }
        if (slabs.released) {
            return;
        }
        if (OPEN.get().peek() != this) {
            throw new IllegalStateException("scopes are closed innermost first, by the thread that opened them");
        }
        OPEN.get().pop();
        try {
            slabs.release();
        } finally {
            if (backendLease != null) {
                backendLease.close();
            }
        }
    }

    /** The memory, apart from the scope: so that it can be given back when the scope is forgotten. */
    private static final class Slabs {
        private final Backend backend;
        private final List<MemorySegment> slabs = new ArrayList<>();
        private long used;
        private long bytes;
        private volatile boolean released;

        Slabs(Backend backend) {
            this.backend = backend;
        }

        synchronized MemorySegment take(long count) {
            if (released) {
                throw ClosedException.of("scope");
            }
            long size = Math.max(ALIGNMENT, (count + ALIGNMENT - 1) & -ALIGNMENT);
            if (!backend.holdsData()) {
                bytes += size;
                return MemorySegment.NULL;
            }
            if (slabs.isEmpty() || used + size > slabs.getLast().byteSize()) {
                slabs.add(backend.allocateSlab(Math.max(size, SLAB_BYTES)));
                bytes += slabs.getLast().byteSize();
                used = 0;
            }
            MemorySegment memory = slabs.getLast().asSlice(used, size, ALIGNMENT);
            used += size;
            return memory;
        }

        synchronized long bytes() {
            return bytes;
        }

        synchronized void release() {
            released = true;
            slabs.forEach(backend::releaseSlab);
            slabs.clear();
            bytes = 0;
        }
    }
}
