package dev.fovea.tensor;

import dev.fovea.error.ClosedException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A shape and a dtype over memory that somebody else owns: a {@link Scope} or a mapped file. Views ({@link #slice},
 * {@link #permute}, {@link #reshape}) are free and share the memory; operations are those of {@link Backend}.
 */
public final class Tensor implements Matrix {
    private static final ScopedValue<BiConsumer<String, Tensor>> STAGES = ScopedValue.newInstance();

    private final Backend backend;
    private final Backend home;
    private final DType dtype;
    private final Shape shape;
    private final long[] strides;
    private final MemorySegment memory;
    private final long offset;
    private final @Nullable Scope scope;

    private Tensor(
            Backend backend,
            Backend home,
            DType dtype,
            Shape shape,
            long[] strides,
            MemorySegment memory,
            long offset,
            @Nullable Scope scope) {
        this.backend = backend;
        this.home = home;
        this.dtype = dtype;
        this.shape = shape;
        this.strides = strides;
        this.memory = memory;
        this.offset = offset;
        this.scope = scope;
    }

    /** Densely packed elements from the start of a segment, little-endian. */
    public static Tensor dense(Backend backend, DType dtype, Shape shape, MemorySegment memory) {
        return dense(backend, backend, dtype, shape, memory);
    }

    /** The same in memory of one of {@link Backend#homes}. */
    public static Tensor dense(Backend backend, Backend home, DType dtype, Shape shape, MemorySegment memory) {
        return new Tensor(backend, home, dtype, shape, shape.denseStrides(), memory, 0, null);
    }

    /** The same in memory that a scope gives back when it is closed. */
    static Tensor dense(Backend backend, Backend home, DType dtype, Shape shape, MemorySegment memory, Scope scope) {
        return new Tensor(backend, home, dtype, shape, shape.denseStrides(), memory, 0, scope);
    }

    /** These elements, of the same memory, in another form. */
    private Tensor view(Shape to, long[] toStrides, long toOffset) {
        return new Tensor(backend, home, dtype, to, toStrides, memory, toOffset, scope);
    }

    /** These elements, for operations of another backend: {@link #home}, or one that has it among its homes. */
    public Tensor on(Backend other) {
        return new Tensor(other, home, dtype, shape, strides, memory, offset, scope);
    }

    /** A float32 tensor in the current scope with these values. */
    public static Tensor of(Backend backend, float[] values, int... dims) {
        Shape shape = Shape.of(dims);
        if (shape.size() != values.length) {
            throw new IllegalArgumentException(values.length + " values for shape " + shape);
        }
        Tensor t = Scope.current(backend).allocate(DType.FLOAT32, shape);
        if (backend.holdsData()) {
            backend.write(MemorySegment.ofArray(values), t);
        }
        return t;
    }

    @Override
    public Backend backend() {
        return backend;
    }

    /** The backend whose memory it is: {@link #backend}, or one of those that it consists of. */
    public Backend home() {
        return home;
    }

    /** Where it is allocated; null for memory of a file. */
    @Nullable
    Scope scope() {
        return scope;
    }

    public DType dtype() {
        return dtype;
    }

    public Shape shape() {
        return shape;
    }

    /** Extent of an axis; negative axes count from the end. */
    @Override
    public int dim(int axis) {
        return shape.dim(axis);
    }

    public int rank() {
        return shape.rank();
    }

    /** Bytes of all elements. */
    @Override
    public long bytes() {
        return shape.size() * dtype.bytes();
    }

    /** Elements between neighbours along an axis; negative axes count from the end. */
    public long stride(int axis) {
        return strides[axis < 0 ? axis + strides.length : axis];
    }

    /** The memory that the first element lies in, at {@link #offset}. */
    public MemorySegment memory() {
        return memory;
    }

    /** Elements from the start of {@link #memory} to the first element. */
    public long offset() {
        return offset;
    }

    /**
     * Refuses memory that was given back: another computation may have it by now.
     *
     * @param what is done with the tensor
     * @throws ClosedException where its scope, backend or file is closed
     */
    void requireOpen(String what) {
        boolean closed = (scope != null && scope.isOver()) || !memory.scope().isAlive();
        if (closed && backend.holdsData()) {
            throw new ClosedException(
                    what + ": the memory of " + this + " is closed", "use a tensor while its scope and model are open");
        }
    }

    // ----------------------------------------------------------------------------------------------------- views

    /** Whether the elements are densely packed in order. */
    public boolean isContiguous() {
        return isDenseFrom(0);
    }

    /** Whether the axes from this one on are densely packed; the axes before may be strided. True of what is empty. */
    public boolean isDenseFrom(int axis) {
        if (shape.size() == 0) {
            return true;
        }
        long expected = 1;
        for (int i = rank() - 1; i >= axis; i--) {
            if (dim(i) != 1 && strides[i] != expected) {
                return false;
            }
            expected *= dim(i);
        }
        return true;
    }

    /** This tensor if densely packed, else a copy in the current scope. */
    public Tensor contiguous() {
        return isContiguous() ? this : backend.copy(this, dtype);
    }

    /** Elements from..to of an axis. */
    public Tensor slice(int axis, int from, int to) {
        int a = axis < 0 ? axis + rank() : axis;
        if (from < 0 || to < from || to > dim(a)) {
            throw new IllegalArgumentException("slice " + from + ".." + to + " of axis " + axis + " of " + shape);
        }
        return view(shape.with(a, to - from), strides, offset + from * strides[a]);
    }

    /** Rows from..to of the first axis. */
    public Tensor rows(int from, int to) {
        return slice(0, from, to);
    }

    /** The same elements under another shape; -1 once for the extent that follows. Copies only where a view cannot do. */
    public Tensor reshape(int... dims) {
        int[] target = dims.clone();
        int open = -1;
        long known = 1;
        for (int i = 0; i < target.length; i++) {
            if (target[i] == -1) {
                open = i;
            } else {
                known *= target[i];
            }
        }
        if (open >= 0) {
            target[open] = known == 0 ? 0 : (int) (shape.size() / known);
        }
        Shape s = Shape.of(target);
        if (s.size() != shape.size()) {
            throw new IllegalArgumentException("reshape of " + shape + " to " + Arrays.toString(dims));
        }
        long[] viewed = reshapedStrides(s);
        if (viewed != null) {
            return view(s, viewed, offset);
        }
        return contiguous().reshape(target);
    }

    /** Strides of a view under another shape: dense ones, or those of strided rows whose inner part is dense. */
    private long @Nullable [] reshapedStrides(Shape target) {
        if (isContiguous()) {
            return target.denseStrides();
        }
        boolean sameRows = rank() > 1 && target.rank() > 1 && target.dim(0) == dim(0) && isDenseFrom(1);
        if (!sameRows) {
            return null;
        }
        long[] result = target.denseStrides();
        result[0] = strides[0];
        return result;
    }

    /** So many elements of this densely packed tensor in a row, from one on. */
    public Tensor run(long from, int count) {
        if (!isContiguous() || from < 0 || from + count > shape.size()) {
            throw new IllegalArgumentException("run of " + count + " from " + from + " of " + this);
        }
        return view(Shape.of(count), new long[] {1}, offset + from);
    }

    /** Axes in another order: torch's permute. */
    public Tensor permute(int... axes) {
        int[] dims = new int[rank()];
        long[] s = new long[rank()];
        for (int i = 0; i < rank(); i++) {
            dims[i] = dim(axes[i]);
            s[i] = strides[axes[i]];
        }
        return view(Shape.of(dims), s, offset);
    }

    /** The transposed view of a matrix. */
    public Tensor transpose() {
        return permute(1, 0);
    }

    // ------------------------------------------------------------------------------------------------ operations

    /** {@link Backend#add}. */
    public Tensor add(Tensor other) {
        return backend.add(this, other);
    }

    /** {@link Backend#scale}. */
    public Tensor scale(float factor) {
        return backend.scale(this, factor);
    }

    /** {@link Backend#activation}. */
    public Tensor activation(Activation f) {
        return backend.activation(this, f);
    }

    /** These values in a dtype; this tensor itself where it has it. */
    public Tensor to(DType target) {
        return dtype == target ? this : backend.copy(this, target);
    }

    /**
     * Reports this tensor as a stage of the computation to whoever listens, and returns it.
     *
     * @see #withStages
     */
    public Tensor named(String stage) {
        if (STAGES.isBound()) {
            STAGES.get().accept(stage, this);
        }
        return this;
    }

    /** The same for one of many alike, whose number ends its name: put together only where somebody listens. */
    public Tensor named(String stages, int index) {
        return STAGES.isBound() ? named(stages + index) : this;
    }

    /** Whether somebody listens to this thread's stages: then nothing may be skipped that has some. */
    public static boolean isTraced() {
        return STAGES.isBound();
    }

    /** Runs a computation with a listener for its named stages. The tensors are valid during the call only. */
    public static <T> T withStages(BiConsumer<String, Tensor> listener, java.util.function.Supplier<T> computation) {
        return ScopedValue.where(STAGES, listener).call(computation::get);
    }

    // ---------------------------------------------------------------------------------------------------- values

    /** The values as float32, row-major; zeros where the backend follows shapes only. */
    public float[] toFloats() {
        requireOpen("toFloats");
        if (!backend.holdsData()) {
            return new float[Math.toIntExact(shape.size())];
        }
        if (!isContiguous()) {
            try (Scope _ = Scope.open(backend)) {
                return contiguous().toFloats();
            }
        }
        float[] out = new float[Math.toIntExact(shape.size())];
        if (dtype == DType.FLOAT32) {
            backend.read(this, MemorySegment.ofArray(out));
            return out;
        }
        if (!dtype.isFloating()) {
            throw new UnsupportedOperationException("toFloats of " + dtype.torchName());
        }
        short[] bits = new short[out.length];
        backend.read(this, MemorySegment.ofArray(bits));
        if (dtype == DType.BFLOAT16) { // each in a loop of its own, of which C2 makes vectors
            for (int i = 0; i < out.length; i++) {
                out[i] = DType.bfloat16ToFloat(bits[i]);
            }
        } else {
            for (int i = 0; i < out.length; i++) {
                out[i] = Float.float16ToFloat(bits[i]);
            }
        }
        return out;
    }

    /** Copies the bytes of this densely packed tensor to another of the same size. */
    void copyBytesTo(Tensor target) {
        requireOpen("copy");
        target.requireOpen("copy");
        backend.move(this, target);
    }

    @Override
    public String toString() {
        return dtype.torchName() + shape;
    }
}
