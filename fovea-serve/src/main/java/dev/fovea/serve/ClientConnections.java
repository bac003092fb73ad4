package dev.fovea.serve;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.common.task.InterruptableTask;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** Helidon's HTTP/1.1 over {@link ClientConnection}s. */
final class ClientConnections implements ServerConnectionSelector, AutoCloseable {
    /** How often a client is looked after while the patience with it lasts. */
    private static final int LOOKS = 15;

    private final ServerConnectionSelector http;
    private final Set<ClientConnection> open = ConcurrentHashMap.newKeySet();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("fovea-serve-clock").factory());

    /** @param patience how long a client may leave what it is sent lying */
    ClientConnections(ServerConnectionSelector http, Duration patience) {
        this.http = http;
        long nanos = patience.toNanos();
        long look = Math.max(1, patience.toMillis() / LOOKS);
        ScheduledFuture<?> _ = clock.scheduleWithFixedDelay(() -> cutStalled(nanos), look, look, TimeUnit.MILLISECONDS);
    }

    int count() {
        return open.size();
    }

    private void cutStalled(long nanos) {
        long now = System.nanoTime();
        open.forEach(c -> c.cutIfStalled(now, nanos));
    }

    @Override
    public int bytesToIdentifyConnection() {
        return http.bytesToIdentifyConnection();
    }

    @Override
    public Support supports(BufferData data) {
        return http.supports(data);
    }

    @Override
    public Set<String> supportedApplicationProtocols() {
        return http.supportedApplicationProtocols();
    }

    @Override
    public ServerConnection connection(ConnectionContext context) {
        ClientConnection client = new ClientConnection(context);
        return new Connection(client, http.connection(client));
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }

    /** Helidon asks a connection that is no task of its own to end, and interrupts none that it cannot ask. */
    private final class Connection implements ServerConnection, InterruptableTask<Void> {
        private final ClientConnection client;
        private final ServerConnection connection;

        Connection(ClientConnection client, ServerConnection connection) {
            this.client = client;
            this.connection = connection;
        }

        @Override
        public void handle(Limit limit) throws InterruptedException {
            open.add(client);
            try {
                ScopedValue.where(ClientConnection.CURRENT, client).<Void, InterruptedException>call(() -> {
                    connection.handle(limit);
                    return null;
                });
            } finally {
                open.remove(client);
            }
        }

        @Override
        public Duration idleTime() {
            return connection.idleTime();
        }

        @Override
        public void close(boolean interrupt) {
            connection.close(interrupt);
        }

        @Override
        public boolean canInterrupt() {
            return connection instanceof InterruptableTask<?> task && task.canInterrupt();
        }

        @Override
        public Void call() throws Exception {
            throw new UnsupportedOperationException("a connection is handled, not called");
        }
    }
}
