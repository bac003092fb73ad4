package dev.fovea.serve;

import dev.fovea.error.Quote;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.RequestException;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** Where every request comes in: who asks, for what, and how it ended. */
final class Front {
    private static final Map<String, String> PLAIN = Map.of();

    private final Service service;
    private final Routes routes;
    private final Gate gate;
    private final Clients clients;
    private final AtomicInteger running = new AtomicInteger();
    private volatile boolean closing;

    Front(Service service, Routes routes) {
        this.service = service;
        this.routes = routes;
        this.gate = new Gate(service.options());
        this.clients = new Clients(service.options().keys());
    }

    /** Lets no further request begin. */
    void close() {
        closing = true;
    }

    /** Requests that are being handled. */
    int running() {
        return running.get();
    }

    void handle(ServerRequest request, ServerResponse response) {
        long start = System.nanoTime();
        String method = request.prologue().method().text();
        String path = request.path().path();
        Optional<Routes.Route> route = routes.all().stream()
                .filter(r -> r.takes(method) && r.match(path).isPresent())
                .findFirst();
        Exchange exchange = new Exchange(
                request,
                response,
                clients.anybody(),
                route.flatMap(r -> r.match(path)).orElse(PLAIN));
        running.incrementAndGet();
        try {
            answer(exchange, method, path, route);
        } finally {
            running.decrementAndGet();
            ClientConnection.CURRENT.get().input().received();
            log(exchange, method, route, start);
        }
        // Helidon says that it closes, and waits for the client to do so.
        if (request.headers().containsToken(HeaderValues.CONNECTION_CLOSE)
                || response.headers().containsToken(HeaderValues.CONNECTION_CLOSE)) {
            throw new CloseConnectionException("this was the connection's last request");
        }
    }

    private void answer(Exchange exchange, String method, String path, Optional<Routes.Route> route) {
        exchange.header("x-request-id", exchange.id());
        exchange.header("X-Content-Type-Options", "nosniff");
        try {
            gate.check(exchange.request());
            gate.allow(exchange);
            if (Gate.isPreflight(exchange.request())) {
                gate.answerPreflight(exchange);
                return;
            }
            if (route.isEmpty() || !route.get().open()) {
                exchange.ofClient(clients.of(exchange.request().headers().first(HeaderNames.AUTHORIZATION)));
            }
            found(exchange, route.orElseThrow(() -> lost(exchange, method, path)));
        } catch (CloseConnectionException | RequestException e) {
            throw e; // Helidon's, which closes the connection
        } catch (RuntimeException | Error e) {
            fail(exchange, e);
        }
    }

    private void found(Exchange exchange, Routes.Route route) {
        if (route.open()) {
            route.handler().handle(exchange);
            return;
        }
        if (closing) {
            exchange.header("Connection", "close");
            throw Problem.unavailable("shutting_down", "the server is shutting down", 5);
        }
        exchange.client().begin();
        try {
            route.handler().handle(exchange);
        } finally {
            exchange.client().end();
        }
    }

    /** There is no such route, or not by this method. */
    private Problem lost(Exchange exchange, String method, String path) {
        List<String> methods = routes.all().stream()
                .filter(r -> r.match(path).isPresent())
                .flatMap(r -> r.methods().stream())
                .toList();
        if (methods.isEmpty()) {
            return new Problem(404, Problem.INVALID, null, "unknown_url", "there is no " + Quote.of(path) + " here");
        }
        exchange.header("Allow", String.join(", ", methods));
        return new Problem(
                405,
                Problem.INVALID,
                null,
                "method_not_allowed",
                Quote.of(path) + " takes " + String.join(", ", methods) + ", not " + Quote.of(method));
    }

    private void fail(Exchange exchange, Throwable failure) {
        Problem problem = Problem.of(failure);
        if (problem.isInternal()) {
            service.options().log().accept(exchange.id() + " failed: " + where(failure));
        }
        if (exchange.status() != 0) {
            throw new CloseConnectionException("an answer that had begun cannot go on", failure);
        }
        exchange.send(problem);
    }

    /** What failed and where. Without its message, which may quote what a client sent. */
    private static String where(Throwable failure) {
        StringBuilder words = new StringBuilder(failure.getClass().getName());
        StackTraceElement[] frames = failure.getStackTrace();
        for (int i = 0; i < Math.min(3, frames.length); i++) {
            words.append(" at ").append(frames[i]);
        }
        Throwable cause = failure.getCause();
        return cause == null ? words.toString() : words + "; because of " + where(cause);
    }

    private void log(Exchange exchange, String method, Optional<Routes.Route> route, long start) {
        // The path itself is the client's text.
        String known = route.map(Routes.Route::path).orElse("-");
        String status = exchange.status() == 0 ? "gone" : String.valueOf(exchange.status());
        long took = System.nanoTime() - start;
        service.metrics().request(known, status, took / 1e9);
        String line = String.format(
                Locale.ROOT,
                "%s %s %s %d ms client=%s id=%s %s",
                Quote.of(method),
                known,
                status,
                took / 1_000_000,
                exchange.client().name(),
                exchange.id(),
                exchange.about());
        service.options().log().accept(line.strip());
    }
}
