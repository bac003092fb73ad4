package dev.fovea.hub;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Tells a listener how far a download is, a few times a second, with the rate of the last seconds. For one thread. */
final class Meter {
    private static final long BETWEEN_NANOS = 100_000_000;
    private static final long WINDOW_NANOS = 5_000_000_000L;

    private record Sample(long nanos, long bytes) {}

    private final String model;
    private final List<Fetch> fetches;
    private final Consumer<PullProgress> listener;
    private final long before;
    private final long total;
    private final Deque<Sample> samples = new ArrayDeque<>();
    private long told;

    Meter(String model, List<Fetch> fetches, Consumer<PullProgress> listener) {
        this.model = model;
        this.fetches = fetches;
        this.listener = listener;
        this.before = bytes();
        this.total = fetches.stream().mapToLong(f -> f.file().size()).sum() - before;
        this.told = System.nanoTime() - BETWEEN_NANOS;
    }

    private long bytes() {
        return fetches.stream().mapToLong(Fetch::bytes).sum();
    }

    /** Tells, where the last time was long enough ago. */
    void tell(boolean waits) {
        if (System.nanoTime() - told >= BETWEEN_NANOS) {
            tellNow(waits);
        }
    }

    void tellNow(boolean waits) {
        long now = System.nanoTime();
        told = now;
        long done = Math.max(0, bytes() - before);
        samples.addLast(new Sample(now, done));
        while (samples.size() > 2 && now - samples.getFirst().nanos() > WINDOW_NANOS) {
            samples.removeFirst();
        }
        Sample first = samples.getFirst();
        double rate = now - first.nanos() < BETWEEN_NANOS
                ? 0
                : Math.max(0, done - first.bytes()) * 1e9 / (now - first.nanos());
        Optional<Duration> left =
                rate > 0 ? Optional.of(Duration.ofMillis((long) ((total - done) / rate * 1000))) : Optional.empty();
        listener.accept(new PullProgress(
                model,
                done,
                total,
                rate,
                left,
                fetches.stream()
                        .map(f -> new PullProgress.FileProgress(
                                f.file().path(), f.bytes(), f.file().size(), f.isPlaced()))
                        .toList(),
                waits));
    }
}
