package dev.fovea;

import dev.fovea.tensor.Backend;
import java.util.Map;
import java.util.function.DoubleConsumer;
import java.util.function.LongConsumer;

/** Tells a listener which share of a model's weights its devices have, of how many bytes they have. */
final class UploadShare implements LongConsumer {
    private final long all;
    private final DoubleConsumer listener;

    /** @param sizes bytes of each weight by name */
    UploadShare(Backend backend, Map<String, Long> sizes, DoubleConsumer listener) {
        all = sizes.entrySet().stream()
                .filter(size -> !backend.home(size.getKey()).isHost())
                .mapToLong(Map.Entry::getValue)
                .sum();
        this.listener = listener;
    }

    @Override
    public void accept(long bytes) {
        listener.accept(Math.min(1, (double) bytes / Math.max(1, all)));
    }
}
