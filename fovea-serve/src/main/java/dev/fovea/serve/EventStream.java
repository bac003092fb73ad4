package dev.fovea.serve;

import dev.fovea.io.Json;
import io.helidon.webserver.CloseConnectionException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Server-sent events, as OpenAI's clients read them. The response begins with the first. */
final class EventStream implements AutoCloseable {
    /** After so long a silence a comment is sent, which keeps proxies from taking the connection for dead. */
    static final Duration SILENCE = Duration.ofSeconds(10);

    private final Exchange exchange;
    private @Nullable OutputStream out;

    EventStream(Exchange exchange) {
        this.exchange = exchange;
    }

    /** Whether the response has begun, and its status can no longer be changed. */
    boolean hasBegun() {
        return out != null;
    }

    void send(Map<String, ? extends @Nullable Object> data) {
        write("data: " + Json.write(data) + "\n\n");
    }

    void send(String event, Map<String, ? extends @Nullable Object> data) {
        write("event: " + event + "\ndata: " + Json.write(data) + "\n\n");
    }

    /** {@code data: [DONE]}. */
    void done() {
        write("data: [DONE]\n\n");
    }

    void comment() {
        write(": waiting\n\n");
    }

    private void write(String text) {
        try {
            OutputStream open = open();
            open.write(text.getBytes(StandardCharsets.UTF_8));
            open.flush();
        } catch (IOException e) {
            throw new CloseConnectionException("the client has left", e);
        }
    }

    private OutputStream open() {
        if (out == null) {
            exchange.answered(200);
            exchange.header("Content-Type", "text/event-stream; charset=utf-8");
            exchange.header("Cache-Control", "no-cache");
            exchange.header("X-Accel-Buffering", "no"); // nginx would keep the events together
            out = exchange.response().outputStream();
        }
        return out;
    }

    @Override
    public void close() {
        if (out != null) {
            try {
                out.close();
            } catch (IOException e) {
                throw new CloseConnectionException("the client has left", e);
            }
        }
    }
}
