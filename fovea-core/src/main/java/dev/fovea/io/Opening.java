package dev.fovea.io;

import dev.fovea.error.FoveaException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Something large that opens on a thread of its own, beside what the caller opens meanwhile:
 *
 * <pre>{@code
 * try (var tokenizer = Opening.of(() -> Tokenizer.open(directory), Tokenizer::close)) {
 *     Header header = parse(json); // where this throws, the tokenizer is closed when it comes
 *     return new Both(header, tokenizer.take());
 * }
 * }</pre>
 *
 * Never on a thread of the common pool: that may be busy with anything for any time.
 */
public final class Opening<T> implements AutoCloseable {
    private final CompletableFuture<T> result = new CompletableFuture<>();
    private final Consumer<T> closer;
    private boolean taken;

    private Opening(Consumer<T> closer) {
        this.closer = closer;
    }

    /** @param closer of what nobody takes */
    public static <T> Opening<T> of(Supplier<T> opener, Consumer<T> closer) {
        Opening<T> opening = new Opening<>(closer);
        Thread.ofPlatform().daemon().name("fovea-open").start(() -> opening.run(opener));
        return opening;
    }

    private void run(Supplier<T> opener) {
        try {
            result.complete(opener.get());
        } catch (RuntimeException | Error e) {
            result.completeExceptionally(e);
        }
    }

    /**
     * Waits for it; it is the caller's to close from then on.
     *
     * @throws RuntimeException or Error: what the opener threw
     * @throws FoveaException where the thread is interrupted; it stays so
     */
    public T take() {
        try {
            T opened = result.get();
            taken = true;
            return opened;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new FoveaException("opening was interrupted", "open it again", e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null, default -> throw new IllegalStateException(e);
            }
        }
    }

    /** Closes what nobody took, as soon as it is there. Waits for nothing. */
    @Override
    public void close() {
        if (!taken) {
            CompletableFuture<Void> _ = result.thenAccept(closer);
        }
    }
}
