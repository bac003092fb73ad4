package dev.fovea.models.batch;

/** What a batch does and has done; see {@code dev.fovea.BatchStats}. */
public record Counts(
        int running,
        int waiting,
        int rows,
        long steps,
        long tokens,
        long promptPasses,
        long promptTokens,
        long refused,
        long prefixHits,
        long prefixTokens,
        long prefixBytes,
        long cacheBytes) {}
