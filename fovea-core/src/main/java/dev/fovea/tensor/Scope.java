package dev.fovea.tensor;

import dev.fovea.error.ClosedException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
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
 *         x = Scope.update(x, layer::forward); // rewrites x; the layer's activations are gone here
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
    private final @Nullable Scope whole; // whose part this is
    private final @Nullable Lifetime detached; // null where it is a thread's
    private final Lifetime.@Nullable Lease backendLease; // of a thread's outermost

    private Scope(Backend backend, boolean detached, Lifetime.@Nullable Lease backendLease) {
        this.backend = backend;
        this.slabs = new Slabs(backend, detached);
        this.whole = null;
        this.detached = detached ? new Lifetime(slabs::release) : null;
        this.backendLease = backendLease;
    }

    /** What a scope holds with one of the backends that share a model: no scope of its own, never closed. */
    private Scope(Scope whole, Backend home) {
        this.backend = home;
        this.slabs = whole.slabs;
        this.whole = whole;
        this.detached = null;
        this.backendLease = null;
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

    /**
     * Writes what a computation makes of a densely packed tensor over it; all that the computation allocates is gone then.
     *
     * @return x; where the result has another {@link Tensor#home}, a tensor there that lives as long as x
     */
    public static Tensor update(Tensor x, UnaryOperator<Tensor> computation) {
        try (Scope _ = open(x.backend())) {
            Tensor result = computation.apply(x);
            if (!result.shape().equals(x.shape()) || result.dtype() != x.dtype() || !x.isContiguous()) {
                throw new IllegalArgumentException("update of " + x + " with " + result);
            }
            Tensor updated = result.home() == x.home() ? x : beside(x, result.home());
            if (x.backend().holdsData()) {
                result.contiguous().copyBytesTo(updated);
            }
            return updated;
        }
    }

    /**
     * A new tensor of another one's dtype and shape, which lives as long as that one; its contents are undefined.
     *
     * @param x in a scope
     * @param home one of its backend's homes
     */
    public static Tensor beside(Tensor x, Backend home) {
        return Objects.requireNonNull(x.scope(), "scope").allocate(home, x.dtype(), x.shape());
    }

    /**
     * The innermost open scope of this thread; for one of the backends that share a model, what that scope holds there.
     *
     * @throws IllegalStateException if none is open for this backend
     */
    public static Scope current(Backend backend) {
        Scope scope = OPEN.get().peek();
        if (scope != null && scope.backend != backend && scope.backend.homes().contains(backend)) {
            return new Scope(scope, backend);
        }
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
        return allocate(backend.home(""), dtype, shape);
    }

    /** The same in the memory of one of {@link Backend#homes}. */
    public Tensor allocate(Backend home, DType dtype, Shape shape) {
        if (slabs.released || (detached != null && detached.isClosed())) {
            throw ClosedException.of("scope");
        }
        MemorySegment memory = slabs.take(home, Math.multiplyExact(shape.size(), dtype.bytes()));
        return Tensor.dense(backend, home, dtype, shape, memory, whole == null ? this : whole);
    }

    /** A densely packed copy here of a tensor that lives anywhere, with its home; needs no open scope. */
    public Tensor adopt(Tensor tensor) {
        Tensor copy = allocate(tensor.home(), tensor.dtype(), tensor.shape());
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
        private final boolean lasting;
        private final List<Run> runs = new ArrayList<>(1); // one of each home
        private long bytes;
        private volatile boolean released;

        /** Slabs of one home, and how much of the one that small tensors share is taken. */
        private static final class Run {
            private final Backend home;
            private final List<MemorySegment> slabs = new ArrayList<>(1);
            private MemorySegment shared = MemorySegment.NULL;
            private long used;

            Run(Backend home) {
                this.home = home;
            }
        }

        Slabs(Backend backend, boolean lasting) {
            this.backend = backend;
            this.lasting = lasting;
        }

        synchronized MemorySegment take(Backend home, long count) {
            if (released) {
                throw ClosedException.of("scope");
            }
            long size = Math.max(ALIGNMENT, (count + ALIGNMENT - 1) & -ALIGNMENT);
            if (!backend.holdsData()) {
                bytes += size;
                return MemorySegment.NULL;
            }
            Run run = run(home);
            if (size >= SLAB_BYTES) {
                return slab(run, size).asSlice(0, size, ALIGNMENT);
            }
            if (run.used + size > run.shared.byteSize()) {
                run.shared = slab(run, SLAB_BYTES);
                run.used = 0;
            }
            MemorySegment memory = run.shared.asSlice(run.used, size, ALIGNMENT);
            run.used += size;
            return memory;
        }

        private Run run(Backend home) {
            for (int i = 0; i < runs.size(); i++) {
                if (runs.get(i).home == home) {
                    return runs.get(i);
                }
            }
            Run run = new Run(home);
            runs.add(run);
            return run;
        }

        private MemorySegment slab(Run run, long size) {
            MemorySegment slab = lasting ? run.home.allocateLastingSlab(size) : run.home.allocateSlab(size);
            run.slabs.add(slab);
            bytes += slab.byteSize();
            return slab;
        }

        synchronized long bytes() {
            return bytes;
        }

        /** All of it, also where a home refuses one: the first refusal is thrown then. */
        synchronized void release() {
            released = true;
            RuntimeException refusal = null;
            for (Run run : runs) {
                for (MemorySegment slab : run.slabs) {
                    try {
                        run.home.releaseSlab(slab);
                    } catch (RuntimeException e) {
                        refusal = refusal == null ? e : refusal;
                    }
                }
            }
            runs.clear();
            bytes = 0;
            if (refusal != null) {
                throw refusal;
            }
        }
    }
}
