package dev.fovea.io;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.io.StoredTensors.Stored;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.LosslessMatrix;
import dev.fovea.tensor.Matrix;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/** The tensors of weight files under the model's names, with a record of what was asked for and what was wrong. */
final class StoredWeights implements WeightSource {
    private static final Pattern LAYER = Pattern.compile("\\d{1,6}");

    private final ModelDirectory directory;
    private final List<WeightFile> files;
    private final StoredTensors stored;
    private final WeightRecord record;
    private final StoredCodes codes;
    private final Backend backend;
    private final WeightSizes sizes;
    private final Scope made; // what is not used where it lies in the files

    private final Map<Request, Tensor> answered = new LinkedHashMap<>();
    private final Map<String, Matrix> matrices = new LinkedHashMap<>();
    private long copies;

    private record Request(Stored stored, DType computed) {}

    private StoredWeights(
            ModelDirectory directory,
            List<WeightFile> files,
            StoredTensors stored,
            WeightRecord record,
            StoredCodes codes,
            Backend backend,
            LongConsumer uploaded) {
        this.directory = directory;
        this.files = files;
        this.stored = stored;
        this.record = record;
        this.codes = codes;
        this.backend = backend;
        this.sizes = new WeightSizes(uploaded);
        this.made = Scope.detached(backend);
    }

    /** Weights for a backend without data, as they would be quantised. */
    static StoredWeights planned(
            ModelDirectory directory, Backend backend, Renaming names, Optional<Quantization> plan) {
        return open(directory, backend, names, Optional.empty(), plan, _ -> {});
    }

    static StoredWeights open(
            ModelDirectory directory,
            Backend backend,
            Renaming names,
            Optional<WeightFile> quantized,
            LongConsumer uploaded) {
        return open(directory, backend, names, quantized, Optional.empty(), uploaded);
    }

    private static StoredWeights open(
            ModelDirectory directory,
            Backend backend,
            Renaming names,
            Optional<WeightFile> quantized,
            Optional<Quantization> plan,
            LongConsumer uploaded) {
        List<WeightFile> files = new ArrayList<>(quantized.stream().toList());
        try {
            List<WeightFile> own = directory.openWeights();
            files.addAll(own);
            StoredTensors stored = new StoredTensors(own, names, directory.warnings());
            WeightRecord record = new WeightRecord(stored);
            StoredCodes codes = new StoredCodes(directory.config(), quantized, plan, stored, record, backend);
            return new StoredWeights(directory, files, stored, record, codes, backend, uploaded);
        } catch (RuntimeException e) {
            files.forEach(WeightFile::close);
            throw e;
        }
    }

    @Override
    public boolean has(String name) {
        return stored.find(name).isPresent();
    }

    @Override
    public int layers(String name, int count) {
        String prefix = name + ".";
        int held = stored.names().stream()
                .filter(n -> n.startsWith(prefix))
                .map(n -> n.substring(prefix.length()).split("\\.", 2)[0])
                .filter(LAYER.asMatchPredicate())
                .mapToInt(n -> Integer.parseInt(n) + 1)
                .max()
                .orElse(0);
        if (held > 0 && count > held) {
            throw new InputException(
                    directory + ": config.json says " + count + " layers; the weights have " + held + " below " + name,
                    "config.json and weights belong to different models");
        }
        return held == 0 ? Math.min(count, 1) : count;
    }

    @Override
    public Tensor tensor(String name, DType computed, int[] expected) {
        record.asked(stored.resolve(name));
        Optional<Stored> tensor = stored.find(name);
        if (tensor.isEmpty()) {
            record.missing(stored.resolve(name));
            return placeholder(computed, expected);
        }
        Stored found = tensor.get();
        Optional<CodedWeight> coded = codes.coded(name);
        if (coded.isPresent() && !record.misfits(coded.get().misfits())) {
            return placeholder(computed, expected);
        }
        Shape shape = coded.map(CodedWeight::shape).orElse(found.entry().shape());
        if (!WeightRecord.matches(shape, expected)) {
            record.misshapen(found.spelling(name), shape, expected);
            return placeholder(computed, expected);
        }
        if (coded.isEmpty() && !found.entry().type().isWeight()) {
            record.unsupported(found.spelling(name), found.entry().type());
            return placeholder(computed, expected);
        }
        return answered.computeIfAbsent(
                new Request(found, computed),
                _ -> load(
                        name,
                        coded.map(c -> widened(name, c, computed)).orElseGet(() -> place(name, found, computed))));
    }

    /** Its values in the host's memory or a GPU's, since they cannot be computed with where they lie. */
    private Tensor widened(String name, CodedWeight coded, DType computed) {
        DType dtype = WeightDtypes.isUsedAsStored(coded.dtype(), computed) ? coded.dtype() : computed;
        Tensor values = copy(backend.home(name), dtype, coded.shape());
        if (backend.holdsData()) {
            coded.widen(values);
        }
        return values;
    }

    @Override
    public Matrix matrix(String name, DType computed, int rows, int columns) {
        Backend home = backend.home(name);
        Matrix found = lossless(name, computed, home, rows, columns)
                .or(() -> codes.matrix(name, home, rows, columns).map(quantized -> quantized.map(t -> placed(t, home))))
                .orElse(null);
        if (found == null) {
            Tensor dense = tensor(name, computed, new int[] {rows, columns});
            matrices.put(name, dense);
            return dense;
        }
        record.asked(stored.resolve(name));
        matrices.put(name, found);
        long count = (long) rows * columns;
        sizes.add(name, stored.storedName(name), home, count, found.bytes(), cardBytes(name, found));
        return found;
    }

    /**
     * A weight in 12 bits as it lies in a file, where that is the host's memory and it is computed with; else widened, but where it is
     * stored in bfloat16 too, as a tied table is: then this is none of them.
     */
    private Optional<Matrix> lossless(String name, DType computed, Backend home, int rows, int columns) {
        boolean asStored = WeightDtypes.isUsedAsStored(DType.BFLOAT16, computed);
        boolean asPacked = asStored && home.isHost();
        return codes.lossless(name, home, rows, columns)
                .filter(_ -> asPacked || stored.find(name).isEmpty())
                .map(w -> asPacked
                        ? w.map(t -> placed(t, home))
                        : widened(w, home, asStored ? DType.BFLOAT16 : computed));
    }

    private Tensor widened(LosslessMatrix w, Backend home, DType dtype) {
        Tensor values = copy(home, dtype, Shape.of(w.rows(), w.columns()));
        if (backend.holdsData() && w.codes().memory().byteSize() > 0) { // none where parts misfit
            LosslessParts.widen(w, values);
        }
        return values;
    }

    /** A part of a quantised weight as it lies in a file, where that is the host's memory; else a copy. */
    private Tensor placed(Tensor t, Backend home) {
        if (home.isHost() && (t.memory().isNative() || !backend.holdsData())) {
            return t;
        }
        Tensor copy = copy(home, t.dtype(), t.shape());
        backend.write(t.memory(), copy);
        return copy;
    }

    @Override
    public Map<String, Safetensors.Part> stored(Set<String> without) {
        Map<String, Safetensors.Part> parts = new LinkedHashMap<>();
        for (String name : stored.names()) {
            if (!without.contains(name) || stored.isShared(name)) {
                Stored held = stored.find(name).orElseThrow();
                parts.put(held.entry().name(), held.part());
            }
        }
        return parts;
    }

    @Override
    public Map<String, Matrix> matrices() {
        return Collections.unmodifiableMap(matrices);
    }

    /** Of a weight in 12 bits what it has on a card, which has a tied table once. */
    private long cardBytes(String name, Matrix w) {
        if (!(w instanceof LosslessMatrix)) {
            return w.bytes();
        }
        boolean tied = !stored.resolve(name).equals(name) && stored.find(name).isPresent();
        return tied ? 0 : (long) w.dim(0) * w.dim(1) * DType.BFLOAT16.bytes();
    }

    private Tensor load(String name, Tensor tensor) {
        long count = tensor.shape().size();
        sizes.add(name, stored.storedName(name), tensor.home(), count, tensor.bytes(), tensor.bytes());
        return tensor;
    }

    private Tensor place(String name, Stored found, DType computed) {
        Backend home = backend.home(name);
        DType dtype = found.entry().type().dtype().orElseThrow();
        MemorySegment bytes = found.file().segment(found.entry().name());
        boolean asStored = WeightDtypes.isUsedAsStored(dtype, computed);
        if (asStored && home.isHost()) {
            return Tensor.dense(backend, home, dtype, found.entry().shape(), bytes);
        }
        Tensor copy = copy(home, asStored ? dtype : computed, found.entry().shape());
        if (asStored) {
            backend.write(bytes, copy);
        } else if (backend.holdsData()) {
            WeightDtypes.convert(bytes, dtype, copy);
        }
        return copy;
    }

    private Tensor copy(Backend home, DType dtype, Shape shape) {
        Tensor copy = made.allocate(home, dtype, shape);
        copies += copy.bytes();
        return copy;
    }

    private Tensor placeholder(DType dtype, int[] expected) {
        int[] dims = Arrays.stream(expected).map(d -> d == ANY ? 1 : d).toArray();
        return Tensor.dense(backend, dtype, Shape.of(dims), MemorySegment.NULL);
    }

    // ----------------------------------------------------------------------------------------------------- checks

    @Override
    public void ignore(String reason, Predicate<String> names) {
        record.ignore(reason, names);
    }

    @Override
    public void tie(String name, String source) {
        if (!stored.tie(name, source)) {
            directory
                    .warnings()
                    .warn(Quote.of(directory.path()) + ": config.json ties " + name + " to " + source
                            + ", but both are stored with different values: each is used as it is stored;"
                            + " \"tie_word_embeddings\": false says so");
        }
    }

    @Override
    public Map<String, String> ignored() {
        return record.ignored();
    }

    @Override
    public void check() {
        record.check(directory);
    }

    @Override
    public Map<String, Long> elements() {
        return sizes.elements();
    }

    @Override
    public Map<String, Long> sizes() {
        return sizes.bytes();
    }

    @Override
    public Map<String, Long> cardSizes() {
        return sizes.cardBytes();
    }

    @Override
    public boolean mayCopy(DType computed) {
        return codes.areOthers()
                || files.stream()
                        .flatMap(file -> file.entries().values().stream())
                        .anyMatch(entry -> entry.type()
                                .dtype()
                                .filter(dtype -> !WeightDtypes.isUsedAsStored(dtype, computed))
                                .isPresent());
    }

    @Override
    public long copies() {
        return copies + codes.copies();
    }

    @Override
    public <T> T read(Supplier<T> computation) {
        files.forEach(WeightFile::checkUnchanged);
        try {
            T result = computation.get();
            files.forEach(WeightFile::checkUnchanged);
            return result;
        } catch (InternalError e) {
            throw MappedFile.sentence(e, directory.path(), () -> files.forEach(WeightFile::checkUnchanged));
        }
    }

    @Override
    public void close() {
        made.close();
        files.forEach(WeightFile::close);
    }
}
