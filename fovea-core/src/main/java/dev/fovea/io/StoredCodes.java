package dev.fovea.io;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.LosslessMatrix;
import dev.fovea.tensor.QuantizedMatrix;
import java.util.List;
import java.util.Optional;

/** The weights of a directory that are in codes of few bits, whoever made them: Fovea, GPTQ, AWQ or bitsandbytes. */
final class StoredCodes {
    private final Optional<WeightFile> quantized; // what stands in for some of the directory's
    private final Optional<Quantization> plan; // of what would be quantised, for a backend without data
    private final Optional<PublishedCodes> published; // how others quantised what is stored
    private final boolean bitsandbytes; // whether bitsandbytes did
    private final StoredTensors stored;
    private final WeightRecord record;
    private final Backend backend;
    private long copies;

    StoredCodes(
            Config config,
            Optional<WeightFile> quantized,
            Optional<Quantization> plan,
            StoredTensors stored,
            WeightRecord record,
            Backend backend) {
        this.quantized = quantized;
        this.plan = plan;
        this.published = PublishedCodes.find(config);
        this.bitsandbytes = Bitsandbytes.quantised(config);
        this.stored = stored;
        this.record = record;
        this.backend = backend;
    }

    /** Whether weights are in codes that are put into another form when they are opened. */
    boolean areOthers() {
        return published.isPresent() || bitsandbytes;
    }

    /** Bytes that {@link #matrix} would have copied for a backend without data. */
    long copies() {
        return copies;
    }

    /** What bitsandbytes stored. */
    Optional<CodedWeight> coded(String name) {
        return bitsandbytes ? Bitsandbytes.find(stored.storedName(name), this::part) : Optional.empty();
    }

    /** A weight in our codes, in the host's memory: as it lies in a file, or made of others' codes. Empty where it is in none. */
    Optional<QuantizedMatrix> matrix(String name, Backend home, int rows, int columns) {
        return QuantizedParts.find(name, rows, columns, backend, home, this::part)
                .or(() -> planned(name, rows, columns))
                .or(() -> published.flatMap(codes -> published(codes, name, rows, columns)))
                .or(() -> coded(name)
                        .filter(c -> fits(c.misfits()) && WeightRecord.matches(c.shape(), rows, columns))
                        .flatMap(this::codes));
    }

    /**
     * A weight in bfloat16 that is stored in 12 bits, in the host's memory; without data where parts do not fit, which is remembered.
     * Empty where it is stored otherwise.
     */
    Optional<LosslessMatrix> lossless(String name, Backend home, int rows, int columns) {
        Optional<LosslessParts> parts = LosslessParts.find(name, this::part);
        if (parts.isPresent() && fits(parts.get().misfits(rows, columns))) {
            return Optional.of(parts.get().matrix(rows, columns, backend, home));
        }
        boolean planned =
                plan.filter(p -> p.of(name) == Quantization.Precision.LOSSLESS).isPresent()
                        && stored.find(name)
                                .filter(s -> s.entry().type() == StoredType.BF16
                                        && WeightRecord.matches(s.entry().shape(), rows, columns))
                                .isPresent();
        return (parts.isPresent() || planned) && LosslessMatrix.holds(columns)
                ? Optional.of(LosslessParts.shapesOnly(rows, columns, backend))
                : Optional.empty();
    }

    /** What a weight would be, for a backend without data. */
    private Optional<QuantizedMatrix> planned(String name, int rows, int columns) {
        boolean fits = stored.find(name)
                .filter(s -> WeightRecord.matches(s.entry().shape(), rows, columns))
                .isPresent();
        return plan.filter(_ -> fits)
                .flatMap(p -> p.of(name).form())
                .map(form -> QuantizedParts.shapesOnly(form, DType.UINT8, rows, columns, backend));
    }

    /** A weight that GPTQ or AWQ packed. */
    private Optional<QuantizedMatrix> published(PublishedCodes codes, String name, int rows, int columns) {
        PublishedParts parts = PublishedParts.find(name, this::part);
        if (!parts.isThere()) {
            return Optional.empty();
        }
        if (!fits(parts.misfits(codes, rows, columns)) || !backend.holdsData()) {
            QuantizedMatrix shapes =
                    QuantizedParts.shapesOnly(codes.form(columns), DType.FLOAT32, rows, columns, backend);
            copies += shapes.bytes();
            return Optional.of(shapes);
        }
        return Optional.of(new PublishedMatrix(codes, parts, rows, columns).read(backend));
    }

    /** A weight of bitsandbytes that our codes hold. */
    private Optional<QuantizedMatrix> codes(CodedWeight coded) {
        if (backend.holdsData()) {
            return coded.codes(backend);
        }
        Optional<QuantizedMatrix> shapes = coded.codesShapes(backend);
        copies += shapes.map(QuantizedMatrix::bytes).orElse(0L);
        return shapes;
    }

    /** A part of a quantised weight. */
    private Optional<QuantizedParts.Part> part(String name) {
        if (quantized.isPresent() && quantized.get().entries().containsKey(name)) {
            return Optional.of(new QuantizedParts.Part(
                    quantized.get(), quantized.get().entries().get(name)));
        }
        return stored.find(name).map(s -> {
            record.asked(name);
            return new QuantizedParts.Part(s.file(), s.entry());
        });
    }

    /** @throws InputException where something misfits of what was made of the directory's weights, and so fitted once */
    private boolean fits(List<String> found) {
        if (!found.isEmpty() && quantized.isPresent()) {
            throw new InputException(
                    Quote.of(quantized.get().path()) + " is damaged: " + found.getFirst(),
                    "delete it: it is made anew at its next use");
        }
        return record.misfits(found);
    }
}
