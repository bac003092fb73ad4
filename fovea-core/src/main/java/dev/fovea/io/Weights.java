package dev.fovea.io;

import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Matrix;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.SharedRows;
import dev.fovea.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * A checkpoint as a cursor: a model walks down its own structure and says at every tensor which shape it expects.
 *
 * <pre>{@code
 * try (Weights weights = Weights.open(directory, backend, DType.BFLOAT16, names)) {
 *     List<Tensor> queries = weights.layers(
 *             "model.layers",
 *             config.numHiddenLayers(),
 *             (i, layer) -> layer.at("self_attn.q_proj").tensor("weight", 2048, 2048));
 *     weights.check();
 * }
 * }</pre>
 *
 * Problems do not stop the walk: they are collected, a placeholder without data comes back, and {@link #check} reports
 * all of them at once. So a model checks before it computes with its weights.
 *
 * <p>A tensor that is stored in the dtype that the model computes in is the mapped file itself, not a copy; so is a 16-bit
 * tensor of a model that computes in float32, which kernels widen exactly, and one of integers. Others are converted
 * when they are asked for, by round to nearest even, into memory that the weights own. All tensors are valid until
 * {@link #close}.
 *
 * <p>Loading is for one thread; the tensors may be read by many.
 */
public final class Weights implements AutoCloseable {
    private final WeightSource source;
    private final DType computed;
    private final String path;

    private Weights(WeightSource source, DType computed, String path) {
        this.source = source;
        this.computed = computed;
        this.path = path;
    }

    /**
     * The root of a directory's weights.
     *
     * @param dtype that the model computes in: FLOAT32, BFLOAT16 or FLOAT16
     * @param names from the file's names to the model's
     * @throws dev.fovea.error.InputException as {@link ModelDirectory#openWeights}, and where two stored tensors get one name
     */
    public static Weights open(ModelDirectory directory, Backend backend, DType dtype, Renaming names) {
        return open(directory, backend, dtype, names, Optional.empty(), _ -> {});
    }

    /**
     * The same with weights of linear layers from a file of quantised ones, where that has them.
     *
     * @param quantized by the model's names, as {@link QuantizedParts} says; it is closed with the weights
     * @param uploaded gets the bytes that have gone to memory other than the host's, after each tensor
     */
    public static Weights open(
            ModelDirectory directory,
            Backend backend,
            DType dtype,
            Renaming names,
            Optional<WeightFile> quantized,
            LongConsumer uploaded) {
        DType computed = floating(dtype);
        return new Weights(StoredWeights.open(directory, backend, names, quantized, uploaded), computed, "");
    }

    /**
     * The same for a backend that follows shapes only, with the weights that would be quantised in that form.
     *
     * @param plan empty for none
     */
    public static Weights planned(
            ModelDirectory directory, Backend shapes, DType dtype, Renaming names, Optional<Quantization> plan) {
        DType computed = floating(dtype);
        return new Weights(StoredWeights.planned(directory, shapes, names, plan), computed, "");
    }

    /**
     * Weights without a file: every tensor that is asked for exists in the shape that is expected, without data. For a
     * backend that follows shapes only. Tables of free length get a great number of rows and are not counted.
     */
    public static Weights shapesOnly(Backend backend, DType dtype) {
        return new Weights(new ShapesOnly(backend), floating(dtype), "");
    }

    private static DType floating(DType dtype) {
        if (!dtype.isFloating()) {
            throw new IllegalArgumentException("models do not compute in " + dtype.torchName());
        }
        return dtype;
    }

    /** The cursor below this one under a name; dots go down several steps. */
    public Weights at(String name) {
        return new Weights(source, computed, full(name));
    }

    /** The cursor of the item with an index, as in {@code layers.3}. */
    public Weights at(int index) {
        return at(Integer.toString(index));
    }

    /** This place with tensors for computing in another dtype, for a part that the reference keeps in float32. */
    public Weights in(DType dtype) {
        return new Weights(source, floating(dtype), path);
    }

    /** What a model makes of one of its layers. */
    public interface Layer<T> {
        /** @param w the cursor of the layer with this index */
        T of(int index, Weights w);
    }

    /**
     * The layers below a name, of which a configuration says how many there are. A number that is not borne out by the names of
     * the tensors is refused before anything is built.
     *
     * @throws dev.fovea.error.InputException where the checkpoint has fewer
     */
    public <T> List<T> layers(String name, int count, Layer<T> layer) {
        Weights at = at(name);
        return IntStream.range(0, source.layers(at.path, count))
                .mapToObj(i -> layer.of(i, at.at(i)))
                .toList();
    }

    /** The dtype that tensors are for. */
    public DType dtype() {
        return computed;
    }

    /** The full name of this place in the model's spelling; empty at the root. */
    public String path() {
        return path;
    }

    private String full(String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    /** A tensor below this place, densely packed. Where it is missing or of another shape, {@link #check} says so. */
    public Tensor tensor(String name, int... shape) {
        return source.tensor(full(name), computed, shape);
    }

    /** The weight (rows, columns) of a linear layer below this place: a {@link #tensor}, or quantised where it is stored so. */
    public Matrix matrix(String name, int rows, int columns) {
        return source.matrix(full(name), computed, rows, columns);
    }

    /** {@link Backend#sharedRows} for the weights of linear layers that were asked for; none where one is in codes of few bits. */
    public SharedRows sharedRows(Backend backend) {
        boolean codes = matrices().values().stream().anyMatch(QuantizedMatrix.class::isInstance);
        return codes ? SharedRows.NONE : backend.sharedRows(computed);
    }

    /** The weights of linear layers that were asked for, by their full names and in that order. */
    public Map<String, Matrix> matrices() {
        return source.matrices();
    }

    /**
     * What the files hold, as it is, under their own names: to be written into another file.
     *
     * @param without names, in full and in the model's spelling, of tensors that are left out unless another name means them too
     */
    public Map<String, Safetensors.Part> stored(Set<String> without) {
        return source.stored(without);
    }

    /** {@link #tensor} where the checkpoint has it. */
    public Optional<Tensor> optional(String name, int... shape) {
        return has(name) ? Optional.of(tensor(name, shape)) : Optional.empty();
    }

    /** {@link #tensor} with any number of rows, for tables whose length stands in no configuration. */
    public Tensor tensorWithRows(String name, int... trailing) {
        int[] expected = new int[trailing.length + 1];
        expected[0] = WeightSource.ANY;
        System.arraycopy(trailing, 0, expected, 1, trailing.length);
        return source.tensor(full(name), computed, expected);
    }

    /** Whether the checkpoint has a tensor below this place. */
    public boolean has(String name) {
        return source.has(full(name));
    }

    /**
     * Makes two names mean one tensor, by transformers' rule: whichever of them is stored serves both; where both are stored with
     * different values, each is used as it is stored, and a warning says so. To be called before either is asked for.
     *
     * @param name below this place, as {@code lm_head.weight}
     * @param table where the tensor is that counts where neither is stored, as {@code model.embed_tokens.weight}
     */
    public void tie(String name, Weights table) {
        source.tie(full(name), table.path);
    }

    /**
     * Lets stored tensors be unused, with a reason.
     *
     * @param names of tensors, in full and in the model's spelling
     */
    public void ignore(String reason, Predicate<String> names) {
        source.ignore(reason, names);
    }

    /** The stored tensors that are unused with a reason: their full names with it. */
    public Map<String, String> ignored() {
        return source.ignored();
    }

    /**
     * To be called when the model has asked for all its tensors.
     *
     * Stored tensors that nobody asked for get a warning that names them.
     *
     * @throws dev.fovea.error.InputException that lists all tensors that are missing, of another shape or of a dtype that is
     *     not supported, with those that nobody asked for; also where those are an adapter's, without which the answers would be
     *     another model's
     */
    public void check() {
        source.check();
    }

    /** Elements of all tensors that were asked for, a shared tensor counted once. */
    public long parameters() {
        return elements().values().stream().mapToLong(n -> n).sum();
    }

    /** Elements of each tensor that was asked for, in whichever form it is stored, by the model's name for what is stored. */
    public Map<String, Long> elements() {
        return source.elements();
    }

    /** Bytes of all tensors that were asked for, as they lie in memory. */
    public long bytes() {
        return sizes().values().stream().mapToLong(size -> size).sum();
    }

    /** Bytes of each tensor that was asked for, as it lies in memory, by the name under which it was asked for first, in that order. */
    public Map<String, Long> sizes() {
        return source.sizes();
    }

    /** The same where a GPU has all of them: what lies in 12 bits on the host is widened on its way there. */
    public Map<String, Long> cardSizes() {
        return source.cardSizes();
    }

    /** Whether something is stored that may not be used where it lies in the files. */
    public boolean mayCopy() {
        return source.mayCopy(computed);
    }

    /** Bytes of the tensors that were asked for and are not used where they lie in the files. */
    public long copies() {
        return source.copies();
    }

    /**
     * Runs what reads the tensors' values, and hands its result on where the files are then what they were when they were opened.
     *
     * @throws dev.fovea.error.InputException where one was written to or cut meanwhile or before, or cannot be read
     */
    public <T> T read(Supplier<T> computation) {
        return source.read(computation);
    }

    /** Releases files and memory of the whole checkpoint, wherever the cursor stands. */
    @Override
    public void close() {
        source.close();
    }
}
