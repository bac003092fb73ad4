package dev.fovea.serve;

import io.helidon.common.socket.HelidonSocket;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ServerConnectionException;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a connection. While an answer is made nobody reads, so nobody would notice that the client leaves: a watcher reads
 * ahead then, and what it finds is what the next reader gets.
 */
final class ClientInput implements Supplier<byte[]> {
    /** From a request's first byte to its last. A client that drips would else hold its connection, and what it sent, for good. */
    private static final Duration WHOLE_REQUEST = Duration.ofMinutes(5);

    private final HelidonSocket socket;
    private volatile @Nullable CompletableFuture<byte[]> ahead;
    private volatile boolean answering;
    private long firstByte;

    ClientInput(HelidonSocket socket) {
        this.socket = socket;
    }

    /** The next bytes; null at the end. For the connection's own thread. */
    @Override
    @SuppressWarnings("NullAway") // the contract of Helidon's reader
    public byte[] get() {
        byte[] bytes = read();
        long now = System.nanoTime();
        if (firstByte == 0) {
            firstByte = now;
        } else if (now - firstByte > WHOLE_REQUEST.toNanos()) {
            throw new CloseConnectionException("the request takes too long to arrive");
        }
        return bytes;
    }

    private byte[] read() {
        CompletableFuture<byte[]> running = ahead;
        if (running == null) {
            return ofSocket();
        }
        try {
            return running.get();
        } catch (ExecutionException e) {
            throw new ServerConnectionException("the connection broke off", e.getCause());
        } catch (InterruptedException e) {
            throw new CloseConnectionException("the server is shutting down", e);
        } finally {
            ahead = null;
        }
    }

    private byte[] ofSocket() {
        try {
            return socket.get();
        } catch (UncheckedIOException e) {
            throw new ServerConnectionException("the connection broke off", e);
        }
    }

    /** The whole request is here. */
    void received() {
        firstByte = 0;
    }

    /**
     * Watches the connection until {@link #answered}. For the connection's own thread.
     *
     * @param gone runs when the client has left; once, on a thread of the watcher
     */
    void answering(Runnable gone) {
        answering = true;
        CompletableFuture<byte[]> running = ahead;
        if (running == null) {
            running = new CompletableFuture<>();
            ahead = running;
            CompletableFuture<byte[]> started = running;
            Thread.ofVirtual().name("fovea-serve-watch").start(() -> readAhead(started));
        }
        CompletableFuture<byte[]> _ = running.whenComplete((bytes, failure) -> {
            if (bytes == null) {
                gone.run();
            }
        });
    }

    void answered() {
        answering = false;
    }

    @SuppressWarnings("NullAway") // the end is null, as Helidon has it
    private void readAhead(CompletableFuture<byte[]> into) {
        while (true) {
            try {
                into.complete(socket.get());
                return;
            } catch (UncheckedIOException e) {
                // A client that waits for its answer is silent.
                if (!(e.getCause() instanceof SocketTimeoutException && answering)) {
                    into.completeExceptionally(e);
                    return;
                }
            } catch (RuntimeException e) {
                into.completeExceptionally(e);
                return;
            }
        }
    }
}
