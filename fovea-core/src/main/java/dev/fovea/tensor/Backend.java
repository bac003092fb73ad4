package dev.fovea.tensor;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The operation contract: everything that a model computes, and nothing else. {@code ReferenceBackend} (plain loops) defines
 * what each operation means; the others must agree with it.
 *
 * <p>Rules for all operations:
 *
 * <ul>
 *   <li>Results are new, densely packed tensors in the current {@link Scope}; operands are not changed, but by
 *       {@link #scatterRows}.
 *   <li>Activations are {@code FLOAT32}, {@code BFLOAT16} or {@code FLOAT16}; the result has the dtype of the first operand.
 *       Arithmetic and accumulation are float32, with one rounding to the result's dtype at the end, unless more are named.
 *   <li>A weight has the activations' dtype, or any of the three where the activations are {@code FLOAT32}: widening is exact.
 *   <li>T counts rows (tokens, patches), D is a width, H a number of heads. There is no batch axis: sequences are packed
 *       along T and kept apart by a {@link Mask}.
 *   <li>Operands may be strided views where said so ("rows of"); else they are densely packed.
 *   <li>The results for a row of {@link #linear} with at most {@link #FEW_ROWS} rows, and of every other row-wise operation, do
 *       not depend on the other rows; no result depends on the number of threads.
 *   <li>A backend is shared by threads; a tensor that is being written is not.
 *   <li>Results may be computed later, in the order of the calls. {@link #read} waits, and may throw what an earlier operation
 *       did wrong. Nothing but {@link #write} and {@link #read} touches a tensor's memory from outside.
 * </ul>
 *
 * An operation that a backend lacks throws {@link UnsupportedOperationException} with the operation, dtype and backend.
 */
public interface Backend extends AutoCloseable {

    /** Up to so many rows, {@link #linear} treats each row by itself, so that batches and beams decode as single rows do. */
    int FEW_ROWS = 16;

    /**
     * The numbers of rows of a dtype for which {@link #linear} with a dense weight of that dtype gives a row the same bits whatever the
     * other rows are and however many: so short prompts may run together. Where they are unbounded, {@link #attention} by a table of
     * rows does so too with more than {@link #FEW_ROWS} queries: a prompt may be cut anywhere.
     */
    default SharedRows sharedRows(DType dtype) {
        return SharedRows.NONE;
    }

    /** {@code cpu}, {@code cuda}, {@code reference}, {@code shapes}. */
    String name();

    /** False for a backend that follows shapes only; then no tensor holds data. */
    default boolean holdsData() {
        return true;
    }

    /** Those whose memory tensors lie in: this backend, or several that share a model. */
    default List<Backend> homes() {
        return List.of(this);
    }

    /**
     * Where a weight goes.
     *
     * @param weight its name in the model's spelling; empty for a tensor that is no weight
     * @return one of {@link #homes}
     */
    default Backend home(String weight) {
        return this;
    }

    /** A segment of uninitialised memory, 64-byte aligned, for {@link Scope}; it may be several times as large as asked for. */
    MemorySegment allocateSlab(long bytes);

    /** The same for what outlives a step: little larger than asked for, since it does not come back soon. */
    default MemorySegment allocateLastingSlab(long bytes) {
        return allocateSlab(bytes);
    }

    /** Takes a slab back. */
    void releaseSlab(MemorySegment slab);

    // ------------------------------------------------------------------------------------------- to and from the host

    /** Whether tensors lie in the host's memory: then a mapped file's bytes are a weight as they are. */
    default boolean isHost() {
        return true;
    }

    /**
     * Copies the host's bytes, little-endian, to a densely packed tensor; they may change as soon as this returns.
     *
     * @param from as many bytes as the tensor has, on or off the heap
     */
    default void write(MemorySegment from, Tensor to) {
        MemorySegment.copy(from, 0, to.memory(), to.offset() * to.dtype().bytes(), to.bytes());
    }

    /**
     * Copies a densely packed tensor to the host, little-endian.
     *
     * @param to as many bytes as the tensor has, on or off the heap
     */
    default void read(Tensor from, MemorySegment to) {
        MemorySegment.copy(from.memory(), from.offset() * from.dtype().bytes(), to, 0, from.bytes());
    }

    /** Copies a densely packed tensor over another of the same size. */
    default void move(Tensor from, Tensor to) {
        read(from, to.memory().asSlice(to.offset() * to.dtype().bytes(), to.bytes()));
    }

    // -------------------------------------------------------------------------------------------------- products

    /**
     * {@code x wᵀ + bias}: torch.nn.functional.linear. The bias is added before the one rounding.
     *
     * @param x rows of (T, K)
     * @param w (N, K), or the transposed view of a densely packed (K, N)
     * @param bias (N), or null
     * @return (T, N)
     */
    Tensor linear(Tensor x, Tensor w, @Nullable Tensor bias);

    /**
     * The same with a weight in codes of few bits, whose values {@link QuantizedMatrix} defines. Up to {@link #FEW_ROWS} rows, a
     * backend may round each 32 values of x to integers of 8 bits for weights of 4 bits, of 16 bits for weights of 8; above, weights
     * to x's dtype.
     *
     * @param x rows of (T, K)
     * @param bias (N), or null
     * @return (T, N)
     */
    Tensor linear(Tensor x, QuantizedMatrix w, @Nullable Tensor bias);

    /**
     * The same with a weight in 12 bits: the bits of {@code linear} with the dense weight in bfloat16 that it stands for. A backend whose
     * memory is not the host's may lack it: weights are widened on their way there.
     *
     * @param x rows of (T, K), BFLOAT16 or FLOAT32
     * @param bias (N), or null
     * @return (T, N)
     */
    Tensor linear(Tensor x, LosslessMatrix w, @Nullable Tensor bias);

    /** {@code linear} by whichever of them the weight is for. */
    default Tensor linear(Tensor x, Matrix w, @Nullable Tensor bias) {
        return switch (w) {
            case Tensor dense -> linear(x, dense, bias);
            case LosslessMatrix lossless -> linear(x, lossless, bias);
            case QuantizedMatrix quantized -> linear(x, quantized, bias);
        };
    }

    /** What {@link #linear} multiplies with: a weight (N, K) and its bias (N), or null. */
    record Projection(Matrix weight, @Nullable Tensor bias) {}

    /**
     * {@code linear} of the same rows with several weights, which a backend may do as one: their results, bit for bit.
     *
     * @param x rows of (T, K)
     * @return (T, N) of each
     */
    default List<Tensor> linear(Tensor x, List<Projection> projections) {
        return projections.stream().map(p -> linear(x, p.weight, p.bias)).toList();
    }

    /**
     * {@code f(x gateᵀ)}, rounded, times {@code x upᵀ}: {@link #linear} with both and {@link #gated}, bit for bit, which a backend may do
     * as one.
     *
     * @param x rows of (T, K)
     * @param gate (N, K)
     * @param up (N, K)
     * @return (T, N)
     */
    default Tensor gatedLinear(Tensor x, Projection gate, Projection up, Activation f) {
        List<Tensor> both = linear(x, List.of(gate, up));
        return gated(both.get(0), both.get(1), f);
    }

    /**
     * Scaled dot-product attention with grouped heads: torch's scaled_dot_product_attention. Scores, softmax and sums are
     * float32; memory grows linearly with T. Query head h uses key head {@code h / (H / G)}.
     *
     * @param q rows of (T, H, D): the last two axes densely packed
     * @param k rows of (S, G, D), G divides H
     * @param v rows of (S, G, D)
     * @param mask one entry per query; each sees at least one key
     * @return (T, H, D)
     */
    Tensor attention(Tensor q, Tensor k, Tensor v, Mask mask, float scale);

    /**
     * Convolution over channels-last maps, zero padding: torch.nn.functional.conv2d.
     *
     * @param x (Y, X, C)
     * @param w (O, C / groups, ky, kx), as PyTorch stores it
     * @param bias (O), or null
     * @return (Y', X', O)
     */
    Tensor conv2d(Tensor x, Tensor w, @Nullable Tensor bias, int stride, int padding, int groups);

    // ----------------------------------------------------------------------------------------------------- norms

    /**
     * Llama's form: {@code x * rsqrt(mean(x²) + eps)} rounded to x's dtype, then times the weight, rounded again.
     *
     * @param x (…, D); every row of D is normalised
     * @param weight (D)
     */
    Tensor rmsNorm(Tensor x, Tensor weight, float eps);

    /** Gemma's form: {@code x * rsqrt(mean(x²) + eps) * (1 + weight)}, one rounding. Shapes as in {@link #rmsNorm}. */
    Tensor rmsNormPlusOne(Tensor x, Tensor weight, float eps);

    /** torch.nn.functional.layer_norm over the last axis: biased variance, weight and bias before the one rounding. */
    Tensor layerNorm(Tensor x, Tensor weight, Tensor bias, float eps);

    // ----------------------------------------------------------------------------------------------- elementwise

    /**
     * Rotary embedding, half-split form: with the row split in halves (a, b), {@code (a cos - b sin, b cos + a sin)}. Where
     * the tables have x's dtype, the two products and their sum are rounded one by one; where they are float32 and x is not,
     * all is float32 and rounded once.
     *
     * @param x rows of (T, H, D)
     * @param cos (T, D / 2)
     * @param sin (T, D / 2)
     * @return (T, H, D)
     */
    Tensor rope(Tensor x, Tensor cos, Tensor sin);

    /** f(x), any shape. */
    Tensor activation(Tensor x, Activation f);

    /** {@code f(gate)}, rounded, times {@code up}: the middle of a gated MLP. Same shapes. */
    Tensor gated(Tensor gate, Tensor up, Activation f);

    /** {@code x + y}. y has x's shape, or is one row (D) that is added to every row of x (…, D). */
    Tensor add(Tensor x, Tensor y);

    /** {@code x * factor}; the factor is float32. */
    Tensor scale(Tensor x, float factor);

    // --------------------------------------------------------------------------------------------------- movement

    /** A densely packed copy of any view, in a dtype (round to nearest even). */
    Tensor copy(Tensor x, DType dtype);

    /** Rows one after another: (ΣT, …) of tensors (T, …) with equal trailing axes and dtype. */
    Tensor concat(List<Tensor> parts);

    /**
     * Rows of a table in the order of ids: torch.nn.functional.embedding.
     *
     * @param table rows of (V, …)
     * @param dtype of the result, FLOAT32 or the table's
     * @return (ids.length, …)
     */
    Tensor gatherRows(Tensor table, int[] ids, DType dtype);

    /**
     * Writes row i of source to row {@code ids[i]} of target, in place; the only operation that changes an operand.
     *
     * @param target rows of (T, …), x's dtype
     * @param source rows of (ids.length, …)
     */
    void scatterRows(Tensor target, int[] ids, Tensor source);

    /**
     * Means of size x size squares, stride size, channels last: torch.nn.functional.avg_pool2d.
     *
     * @param x (Y, X, C), both multiples of size
     * @return (Y / size, X / size, C)
     */
    Tensor avgPool2d(Tensor x, int size);

    /** Mean over the rows of (T, D): (1, D). */
    Tensor meanRows(Tensor x);

    /**
     * Runs a computation that comes again and again, with the same shapes, under one key: a decode step. A device makes one
     * launch of it. What differs from time to time are values from the host alone: ids, masks, tables.
     *
     * @return the result, to be read, or asked for its {@link #argmax}, before the scope that was open is closed
     */
    default Tensor repeat(Object key, Supplier<Tensor> step) {
        return step.get();
    }

    /**
     * Runs a computation whose result follows from x and from what never differs under one key, weights and shapes: a tower, for
     * pictures of one size. A device may do again what it did under this key before, without asking; so nothing may be read inside.
     *
     * @param key equal where the same is to be computed, by the same model
     * @param x densely packed
     * @return densely packed
     */
    default Tensor replay(Object key, Tensor x, UnaryOperator<Tensor> computation) {
        return computation.apply(x);
    }

    /**
     * The column of the greatest value of each row, the first of equal ones: torch.argmax. Waits for it.
     *
     * @param x (T, D), D > 0
     * @return T columns; -1 for a row that holds a NaN
     */
    default int[] argmax(Tensor x) {
        Contract.argmax(x);
        float[] values = x.toFloats();
        int[] columns = new int[x.dim(0)];
        for (int row = 0; row < columns.length; row++) {
            columns[row] = greatest(values, row * x.dim(1), x.dim(1));
        }
        return columns;
    }

    /** The first of the greatest of some values, counted from the first of them; -1 where one is NaN: {@link #argmax} of a row. */
    static int greatest(float[] values, int from, int count) {
        int best = 0;
        for (int i = 0; i < count; i++) {
            float value = values[from + i];
            if (Float.isNaN(value)) {
                return -1;
            }
            if (value > values[from + best]) {
                best = i;
            }
        }
        return best;
    }

    /**
     * Keeps the backend's memory and threads until the lease is closed. An open {@link Scope} has one; so operations need none.
     *
     * @throws dev.fovea.error.ClosedException where the backend is closed
     */
    Lifetime.Lease use();

    /** Lets nothing further begin; frees threads and memory, of open and detached scopes too, when the last lease is closed. */
    @Override
    void close();
}
