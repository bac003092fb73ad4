package dev.fovea.models.batch;

import java.time.Duration;

/** Sums over all requests, guarded by the engine's lock. */
final class Counter {
    /** How much of the mean time of a request the last one is. */
    private static final double NEWEST = 0.1;

    long steps;
    long tokens;
    long promptPasses;
    long promptTokens;
    long refused;
    private double meanNanos;

    /** A request has left that came so long ago. */
    void done(long nanos) {
        meanNanos = meanNanos == 0 ? nanos : meanNanos + NEWEST * (nanos - meanNanos);
    }

    /** When the last of so many waiting ones will have had its turn, with so many running at once. */
    Duration wait(int waiting, int running) {
        long seconds = (long) Math.ceil(meanNanos * (waiting + 1) / running / 1e9);
        return Duration.ofSeconds(Math.clamp(seconds, 1, 60));
    }
}
