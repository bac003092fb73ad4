package dev.fovea.media;

import dev.fovea.error.NetworkException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** Fetches what waits for a network, some at a time. */
public final class SideBySide {
    /** So many connections browsers open too. */
    private static final int AT_ONCE = 6;

    private SideBySide() {}

    /**
     * What becomes of each, in their order. Of several failures the first one's in that order is thrown, and what is still on its way
     * is given up.
     *
     * @param waits whether an item is elsewhere: where no two are, the caller fetches all of them, one by one, and files are read
     *     whether it is interrupted or not
     * @param fetch called by several threads where two are
     */
    public static <T> List<T> map(List<T> items, Predicate<T> waits, UnaryOperator<T> fetch) {
        if (items.stream().filter(waits).count() < 2) {
            return items.stream().map(fetch).toList();
        }
        var turns = new Semaphore(AT_ONCE);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<T>> futures = items.stream()
                    .map(item -> threads.submit(() -> {
                        turns.acquire();
                        try {
                            return fetch.apply(item);
                        } finally {
                            turns.release();
                        }
                    }))
                    .toList();
            List<T> fetched = new ArrayList<>();
            try {
                for (Future<T> future : futures) {
                    fetched.add(future.get());
                }
            } catch (ExecutionException | InterruptedException e) {
                threads.shutdownNow();
                throw rethrown(e);
            }
            return fetched;
        }
    }

    private static RuntimeException rethrown(Exception e) {
        if (e instanceof InterruptedException) {
            Thread.currentThread().interrupt();
            return new NetworkException("cannot fetch pictures and clips: it was interrupted", "", e);
        }
        if (e.getCause() instanceof RuntimeException own) {
            return own;
        }
        if (e.getCause() instanceof Error own) {
            throw own;
        }
        return new IllegalStateException(e.getCause()); // a fetch throws nothing else
    }
}
