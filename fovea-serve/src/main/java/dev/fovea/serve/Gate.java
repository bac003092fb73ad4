package dev.fovea.serve;

import dev.fovea.error.Quote;
import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.http.ServerRequest;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Keeps web pages of others out. A page in the user's browser may send requests to the user's own machine; what it may not do is
 * choose their Host or hide its Origin.
 */
final class Gate {
    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");
    private static final int MOST_HEADERS = 200;

    private final List<String> origins;
    private final boolean checksHost;
    private final List<String> hostNames;

    Gate(ServeOptions options) {
        this.origins = options.origins();
        // A page whose name its owner points to 127.0.0.1 has no key.
        this.checksHost = options.keys().isEmpty() && isLoopback(options.host());
        this.hostNames = options.hostNames();
    }

    static boolean isLoopback(String host) {
        return LOOPBACK.contains(host) || host.equals("::1") || host.startsWith("127.");
    }

    /** @throws Problem where the request comes from a page that may not ask, or is none that is looked at */
    void check(ServerRequest request) {
        if (request.headers().size() > MOST_HEADERS) {
            throw new Problem(
                    431,
                    Problem.INVALID,
                    null,
                    "too_many_headers",
                    "the request has more than " + MOST_HEADERS + " headers");
        }
        String host = request.headers().first(HeaderNames.HOST).orElse("");
        String name = host.replaceFirst(":\\d*$", "").toLowerCase(Locale.ROOT);
        if (checksHost && !isLoopback(name) && !hostNames.contains(name)) {
            throw new Problem(
                    403,
                    Problem.INVALID,
                    null,
                    "unknown_host",
                    "the request is for the host " + Quote.of(name)
                            + "; without API keys this server answers as localhost alone, or under the names it was given");
        }
        Optional<String> origin = request.headers().first(HeaderNames.ORIGIN);
        if (origin.isPresent() && !isOwn(origin.get(), host) && !origins.contains(origin.get())) {
            throw new Problem(
                    403,
                    Problem.INVALID,
                    null,
                    "unknown_origin",
                    "web pages of " + Quote.of(origin.get()) + " may not ask here");
        }
    }

    private static boolean isOwn(String origin, String host) {
        return !host.isEmpty() && (origin.equals("http://" + host) || origin.equals("https://" + host));
    }

    /** Lets the page read the answer, where it is one of those that may. */
    void allow(Exchange exchange) {
        exchange.request()
                .headers()
                .first(HeaderNames.ORIGIN)
                .filter(origins::contains)
                .ifPresent(origin -> {
                    exchange.header("Access-Control-Allow-Origin", origin);
                    exchange.header("Vary", "Origin");
                    exchange.header("Access-Control-Expose-Headers", "x-request-id, Retry-After");
                });
    }

    /** Whether a request asks for another one's leave. */
    static boolean isPreflight(ServerRequest request) {
        return request.prologue().method().text().equals("OPTIONS")
                && request.headers().contains(HeaderNames.ACCESS_CONTROL_REQUEST_METHOD);
    }

    void answerPreflight(Exchange exchange) {
        exchange.header("Access-Control-Allow-Methods", "GET, POST, DELETE");
        String wanted = exchange.request()
                .headers()
                .first(HeaderNames.create("Access-Control-Request-Headers"))
                .orElse("");
        // Clients of OpenAI send headers of their own, x-stainless-…; none of them means anything here.
        if (wanted.matches("[A-Za-z0-9, _-]{1,2000}")) {
            exchange.header("Access-Control-Allow-Headers", wanted);
        }
        exchange.header("Access-Control-Max-Age", "600");
        exchange.answered(204);
        exchange.response().status(Status.NO_CONTENT_204).send();
    }
}
