package dev.fovea.models;

import dev.fovea.error.ClosedException;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.Scope;
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
import java.util.function.Function;

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

    private static final int CHUNK = 1 << 14;

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

    private record Entry(Tensor rows, Scope memory) {}

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
     * @param encoder from pictures to their rows (C, D), in the current scope
     * @return (ΣC, D)
     */
    public Tensor encode(List<Inputs.Visual> visuals, Function<List<Inputs.Visual>, Tensor> encoder) {
        if (Tensor.isTraced() || !backend.holdsData()) {
            return encoder.apply(visuals);
        }
        List<Tensor> parts = new ArrayList<>();
        for (Inputs.Visual visual : visuals) {
            String key = key(visual);
            parts.add(find(key).orElseGet(() -> put(key, encoder.apply(List.of(visual)))));
        }
        return parts.size() == 1 ? parts.getFirst() : backend.concat(parts);
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

    private synchronized Optional<Tensor> find(String key) {
        if (closed) {
            throw ClosedException.of("store of encoded pictures");
        }
        Entry entry = entries.get(key);
        if (entry == null) {
            misses++;
            return Optional.empty();
        }
        hits++;
        return Optional.of(Scope.current(backend).adopt(entry.rows));
    }

    private synchronized Tensor put(String key, Tensor rows) {
        long size = rows.shape().size() * rows.dtype().bytes();
        if (!closed && size <= budget && !entries.containsKey(key)) {
            Scope memory = Scope.detached(backend);
            entries.put(key, new Entry(memory.adopt(rows), memory));
            bytes += memory.bytes();
            evict();
        }
        return rows;
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

    private static String key(Inputs.Visual visual) {
        MessageDigest digest = Digests.sha256();
        Pixels pixels = visual.pixelValues();
        byte[] chunk = new byte[CHUNK * Float.BYTES];
        for (int from = 0; from < pixels.values().length; from += CHUNK) {
            int count = Math.min(CHUNK, pixels.values().length - from);
            MemorySegment.copy(
                    MemorySegment.ofArray(pixels.values()),
                    ValueLayout.JAVA_FLOAT,
                    (long) from * Float.BYTES,
                    MemorySegment.ofArray(chunk),
                    ValueLayout.JAVA_FLOAT_UNALIGNED,
                    0,
                    count);
            digest.update(chunk, 0, count * Float.BYTES);
        }
        return HexFormat.of().formatHex(digest.digest())
                + Arrays.toString(pixels.shape())
                + visual.grid()
                + Tenant.current();
    }

    @Override
    public synchronized void close() {
        closed = true;
        entries.values().forEach(e -> e.memory.close());
        entries.clear();
        bytes = 0;
    }
}
