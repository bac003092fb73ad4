package dev.fovea.models;

import dev.fovea.nn.KvCache;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values of prompts that ran before, part by part, for prompts that begin alike. A part is known by a hash of all that its
 * keys and values come of: the vectors and positions of its rows, where it was cut, and the part in front of it ({@link PromptParts}).
 * It has the same bits whenever it runs, so whoever finds it gets what he would have computed.
 *
 * <p>Holds at most a number of bytes; what was not used for longest goes first, a part never before those behind it, and also where
 * running sequences find no memory to grow. Used by the thread
 * of its cache; the counters by any.
 */
final class Prefixes {
    private final KvCache cache;
    private final long budget;
    private final LinkedHashMap<ByteBuffer, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong hits = new AtomicLong();
    private final AtomicLong hitTokens = new AtomicLong();

    private static final class Entry {
        private final KvCache.Part part;
        private final @Nullable Entry front;
        private int children;

        Entry(KvCache.Part part, @Nullable Entry front) {
            this.part = part;
            this.front = front;
        }
    }

    Prefixes(KvCache cache, long budget) {
        this.cache = cache;
        this.budget = budget;
        cache.relieveBy(this::forgetOldest);
    }

    /** Whether anything is kept. */
    boolean isOn() {
        return budget > 0;
    }

    /** Parts that were found. */
    long hits() {
        return hits.get();
    }

    /** Tokens of these parts. */
    long hitTokens() {
        return hitTokens.get();
    }

    /** Bytes of keys and values that are kept. */
    long bytes() {
        return bytes.get();
    }

    /** Lets a sequence go on with a part, where it is there. */
    boolean append(int sequence, ByteBuffer key, int tokens) {
        Optional<Entry> found = Optional.ofNullable(entries.get(key));
        found.ifPresent(entry -> {
            cache.append(sequence, entry.part);
            hits.incrementAndGet();
            hitTokens.addAndGet(tokens);
        });
        return found.isPresent();
    }

    /** Keeps what the last step of a sequence computed. */
    void put(int sequence, ByteBuffer key, ByteBuffer parent, int from, int to) {
        if (entries.containsKey(key)) {
            return;
        }
        KvCache.Part part = cache.keep(sequence, from, to);
        Entry front = entries.get(parent);
        if (front != null) {
            front.children++;
        }
        entries.put(key, new Entry(part, front));
        bytes.addAndGet(part.bytes());
        evict();
    }

    private void evict() {
        while (bytes.get() > budget) {
            forgetOldest();
        }
    }

    /** Gives up what was not used for longest; says whether there was anything. */
    private boolean forgetOldest() {
        Iterator<Entry> oldest = entries.values().iterator();
        while (oldest.hasNext()) {
            Entry entry = oldest.next();
            if (entry.children == 0) {
                oldest.remove();
                bytes.addAndGet(-entry.part.bytes());
                cache.forget(entry.part);
                if (entry.front != null) {
                    entry.front.children--;
                }
                return true;
            }
        }
        return false;
    }
}
