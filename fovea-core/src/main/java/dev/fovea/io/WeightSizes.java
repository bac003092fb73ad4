package dev.fovea.io;

import dev.fovea.tensor.Backend;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongConsumer;

/** What the weights that were asked for take, in the order in which they were. */
final class WeightSizes {
    private final LongConsumer uploaded;
    private final Map<String, Long> bytes = new LinkedHashMap<>();
    private final Map<String, Long> cardBytes = new LinkedHashMap<>();
    private final Map<String, Long> elements = new LinkedHashMap<>();
    private long sent; // to other memory than the host's

    /** @param uploaded gets the bytes that other memory than the host's has, as they become more */
    WeightSizes(LongConsumer uploaded) {
        this.uploaded = uploaded;
    }

    /**
     * @param storedName what its elements are counted under
     * @param onCard bytes where a GPU has it; 0 where it has them under another name
     */
    void add(String name, String storedName, Backend home, long count, long size, long onCard) {
        elements.put(storedName, count);
        bytes.merge(name, size, Long::sum);
        if (onCard > 0) {
            cardBytes.merge(name, onCard, Long::sum);
        }
        if (!home.isHost()) {
            sent += size;
            uploaded.accept(sent);
        }
    }

    Map<String, Long> elements() {
        return Collections.unmodifiableMap(elements);
    }

    Map<String, Long> bytes() {
        return Collections.unmodifiableMap(bytes);
    }

    Map<String, Long> cardBytes() {
        return Collections.unmodifiableMap(cardBytes);
    }
}
