package dev.fovea.models;

import dev.fovea.error.ClosedException;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.stream.IntStream;

/**
 * The pictures that a model encoded last, so that a second task on a picture, or the next turn of a chat about it, costs no
 * second pass through the tower. A picture is known by its pixels, not by its object: it is found again when a file is read
 * anew, by the same {@link Tenant}.
 *
 * <p>Holds at most so many bytes as it is told, {@link #BUDGET} at first; what was not used for longest goes first. Callers get copies in their own scope, so
 * nothing that is in use is ever freed. Thread-safe; {@link #close} frees the memory, and later calls throw {@link
 * ClosedException}.
 */
public final class EncodedImages implements AutoCloseable {
    /** Bytes: some dozens of pictures of usual size. */
    public static final long BUDGET = 128L << 20;

    private static final int CHUNK = 1 << 14; // pixels that are digested at once
    private static final int PART = 1 << 18; // pixels of a digest
    private static final int SAMPLED = 4096;

    private final Backend backend;
    private long budget;
    private final LinkedHashMap<String, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;
    private long hits;
    private long misses;
    private boolean closed;

    /**
     * What it is good for.
     *
     * @param hits pictures that were found
     * @param misses pictures that were encoded
     * @param bytes of memory held
     */
    public record Counts(long hits, long misses, long bytes) {}

    private record Entry(Tensor rows, Scope memory, Sample sample) {}

    /** What is soon known of a picture: some of its pixels. Different ones are of different pictures. */
    private record Sample(int values, String tenant, Optional<GridThw> grid) {
        static Sample of(Inputs.Visual visual) {
            float[] all = visual.pixelValues().values();
            int hash = Arrays.hashCode(visual.pixelValues().shape());
            int step = all.length / SAMPLED + 1;
            for (int i = 0; i < all.length; i += step) {
                hash = 31 * hash + Float.floatToRawIntBits(all[i]);
            }
            return new Sample(hash, Tenant.current(), visual.grid());
        }
    }

    public EncodedImages(Backend backend) {
        this(backend, BUDGET);
    }

    /** @param budget in bytes; 0 keeps nothing */
    public EncodedImages(Backend backend, long budget) {
        this.backend = backend;
        this.budget = budget;
    }

    /**
     * The rows of pictures, one after another, in the current scope. While stages are listened to, the encoder always runs, and
     * on all pictures at once.
     *
     * @param encoder from pictures and their pixel values to their rows (C, D), in the current scope; for pictures of one shape and
     *     grid the same computation each time
     * @return (ΣC, D)
     */
    public Tensor encode(List<Inputs.Visual> visuals, BiFunction<List<Inputs.Visual>, List<Tensor>, Tensor> encoder) {
        if (Tensor.isTraced() || !backend.holdsData()) {
            return encoder.apply(
                    visuals,
                    visuals.stream().map(v -> v.pixelValues().on(backend)).toList());
        }
        List<Tensor> parts = new ArrayList<>();
        for (Inputs.Visual visual : visuals) {
            parts.add(encode(visual, encoder));
        }
        return parts.size() == 1 ? parts.getFirst() : backend.concat(parts);
    }

    /** What is the same for pictures that take the same computation. */
    private record Size(EncodedImages model, Shape pixels, Optional<GridThw> grid) {}

    /** The digest of a picture that is none of those held comes last: a device encodes it meanwhile. */
    private Tensor encode(Inputs.Visual visual, BiFunction<List<Inputs.Visual>, List<Tensor>, Tensor> encoder) {
        Sample sample = Sample.of(visual);
        Optional<Tensor> held = resembles(sample) ? find(key(visual)) : Optional.empty();
        return held.orElseGet(() -> {
            Tensor rows = run(visual, encoder);
            if (isWanted(rows)) {
                put(key(visual), sample, rows);
            }
            return rows;
        });
    }

    private Tensor run(Inputs.Visual visual, BiFunction<List<Inputs.Visual>, List<Tensor>, Tensor> encoder) {
        return Scope.keep(backend, () -> {
            Tensor pixels = visual.pixelValues().on(backend);
            Size size = new Size(this, pixels.shape(), visual.grid());
            return backend.replay(size, pixels, x -> encoder.apply(List.of(visual), List.of(x)));
        });
    }

    /** Bytes of memory held. */
    public synchronized long bytes() {
        return bytes;
    }

    public synchronized Counts counts() {
        return new Counts(hits, misses, bytes);
    }

    /** @param budget in bytes; 0 keeps nothing */
    public synchronized void setBudget(long budget) {
        this.budget = budget;
        evict();
    }

    /** Whether a picture may be one of those held. */
    private synchronized boolean resembles(Sample sample) {
        if (closed) {
            throw ClosedException.of("store of encoded pictures");
        }
        return entries.values().stream().anyMatch(e -> e.sample.equals(sample));
    }

    private synchronized Optional<Tensor> find(String key) {
        Entry entry = entries.get(key);
        if (entry == null) {
            return Optional.empty();
        }
        hits++;
        return Optional.of(Scope.current(backend).adopt(entry.rows));
    }

    /** Of a picture that was encoded: whether there is room to keep it. */
    private synchronized boolean isWanted(Tensor rows) {
        misses++;
        return !closed && rows.bytes() <= budget;
    }

    private synchronized void put(String key, Sample sample, Tensor rows) {
        if (!closed && !entries.containsKey(key)) {
            Scope memory = Scope.detached(backend);
            entries.put(key, new Entry(memory.adopt(rows), memory, sample));
            bytes += memory.bytes();
            evict();
        }
    }

    private void evict() {
        Iterator<Map.Entry<String, Entry>> oldest = entries.entrySet().iterator();
        while (bytes > budget && oldest.hasNext()) {
            Scope memory = oldest.next().getValue().memory;
            bytes -= memory.bytes();
            memory.close();
            oldest.remove();
        }
    }

    /** A digest of the digests of parts, which threads share: of the pixels of a large picture one takes as long as its tower. */
    private static String key(Inputs.Visual visual) {
        Pixels pixels = visual.pixelValues();
        float[] values = pixels.values();
        MessageDigest whole = Digests.sha256();
        IntStream.range(0, Math.ceilDiv(values.length, PART))
                .parallel()
                .mapToObj(part -> digest(values, part * PART, Math.min(values.length - part * PART, PART)))
                .forEachOrdered(whole::update);
        return HexFormat.of().formatHex(whole.digest())
                + Arrays.toString(pixels.shape())
                + visual.grid()
                + Tenant.current();
    }

    private static byte[] digest(float[] values, int start, int size) {
        MessageDigest digest = Digests.sha256();
        byte[] chunk = new byte[CHUNK * Float.BYTES];
        for (int from = start; from < start + size; from += CHUNK) {
            int count = Math.min(CHUNK, start + size - from);
            MemorySegment.copy(
                    MemorySegment.ofArray(values),
                    ValueLayout.JAVA_FLOAT,
                    (long) from * Float.BYTES,
                    MemorySegment.ofArray(chunk),
                    ValueLayout.JAVA_FLOAT_UNALIGNED,
                    0,
                    count);
            digest.update(chunk, 0, count * Float.BYTES);
        }
        return digest.digest();
    }

    @Override
    public synchronized void close() {
        closed = true;
        entries.values().forEach(e -> e.memory.close());
        entries.clear();
        bytes = 0;
    }
}
