package dev.fovea.hub;

import dev.fovea.error.FoveaException;
import dev.fovea.error.NetworkException;
import dev.fovea.error.Quote;
import dev.fovea.error.Reason;
import dev.fovea.net.Proxies;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/**
 * Requests to a hub and to where it sends us. Who we are is told to the hub's own servers alone, whatever redirects say. Used by several
 * threads.
 */
final class Http implements AutoCloseable {
    /** More than any list of files has. */
    private static final long TEXT_BYTES = 64L << 20;

    private static final int MAX_REDIRECTS = 10;

    /** A text that takes so many times as long as a server may be silent has stopped. */
    private static final int MAX_SILENCES = 6;

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

    private final HttpClient client;
    private final Duration silence;
    private final List<URI> trusted;
    private final Map<String, String> credentials;
    private final Duration firstWait;

    /**
     * @param silence after which a server is given up
     * @param trusted servers that credentials are told to
     * @param credentials headers that say who asks
     * @param firstWait before a second try
     */
    Http(
            HubEnvironment environment,
            Duration silence,
            List<URI> trusted,
            Map<String, String> credentials,
            Duration firstWait) {
        this.client = Proxies.client(environment.variables(), CONNECT_TIMEOUT).build();
        this.silence = silence;
        this.trusted = trusted;
        this.credentials = credentials;
        this.firstWait = firstWait;
    }

    Patience patience() {
        return new Patience(firstWait);
    }

    /** Whether a server belongs to the hub. */
    boolean trusts(URI uri) {
        return trusted.stream().anyMatch(t -> origin(t).equals(origin(uri)));
    }

    static String origin(URI uri) {
        String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
        int port = uri.getPort() >= 0 ? uri.getPort() : scheme.equals("http") ? 80 : 443;
        return scheme + "://" + String.valueOf(uri.getHost()).toLowerCase(Locale.ROOT) + ":" + port;
    }

    // -------------------------------------------------------------------------------------------------------- texts

    /**
     * A whole answer, redirects followed, tried again where that may help.
     *
     * @throws NetworkException where no server answers
     */
    HttpResponse<byte[]> get(URI uri, int tries) {
        return patiently(
                uri,
                tries,
                () -> follow(
                        "GET", uri, Map.of(), BodyHandlers.limiting(BodyHandlers.ofByteArray(), TEXT_BYTES), true));
    }

    /** The headers for a file; a redirect away from the hub is the answer, and is not followed. */
    HttpResponse<byte[]> head(URI uri, int tries) {
        return patiently(
                uri,
                tries,
                () -> follow(
                        "HEAD", uri, Map.of(), BodyHandlers.limiting(BodyHandlers.ofByteArray(), TEXT_BYTES), false));
    }

    private interface Attempt {
        HttpResponse<byte[]> run() throws IOException;
    }

    private HttpResponse<byte[]> patiently(URI uri, int tries, Attempt attempt) {
        Patience patience = patience();
        while (true) {
            try {
                HttpResponse<byte[]> response = attempt.run();
                boolean busy = Patience.isBusy(response.statusCode());
                if (!busy || patience.failures() + 1 >= tries || !patience.waitFor(response)) {
                    return response;
                }
            } catch (IOException e) {
                boolean nobody = e instanceof ConnectException; // a wrong name or a missing network stays so
                if (nobody || patience.failures() + 1 >= tries || !patience.waitFor()) {
                    throw failed(uri, e);
                }
            }
        }
    }

    // ------------------------------------------------------------------------------------------------------ requests

    /**
     * One try, with redirects.
     *
     * @param everywhere whether redirects away from the hub are followed
     * @throws IOException where no answer comes, or it breaks off
     */
    <T> HttpResponse<T> follow(
            String method, URI uri, Map<String, String> headers, BodyHandler<T> handler, boolean everywhere)
            throws IOException {
        URI at = uri;
        AtomicInteger silences = new AtomicInteger();
        for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
            HttpResponse<T> response =
                    send(method, at, headers, handler, () -> silences.incrementAndGet() < MAX_SILENCES);
            Optional<URI> next = target(at, response);
            if (next.isEmpty() || (!everywhere && !trusts(next.get()))) {
                return response;
            }
            at = next.get();
        }
        throw new NetworkException(
                "cannot fetch " + Quote.of(uri) + ": it is redirected more than " + MAX_REDIRECTS + " times");
    }

    /** Where a redirect leads. */
    static Optional<URI> target(URI from, HttpResponse<?> response) {
        int status = response.statusCode();
        if (status < 301 || status > 308 || status == 304) {
            return Optional.empty();
        }
        return response.headers().firstValue("location").map(location -> {
            try {
                return from.resolve(location);
            } catch (IllegalArgumentException e) {
                throw new NetworkException(
                        "cannot fetch " + Quote.of(from) + ": it is redirected to " + Quote.of(location)
                                + ", which is no address",
                        "",
                        e);
            }
        });
    }

    /**
     * One request. A redirect is an answer.
     *
     * @param moves asked once per time of silence: whether anything came since it was asked last
     */
    <T> HttpResponse<T> send(
            String method, URI uri, Map<String, String> headers, BodyHandler<T> handler, BooleanSupplier moves)
            throws IOException {
        boolean web = "http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme());
        if (!web || uri.getHost() == null) {
            throw new NetworkException("cannot fetch " + Quote.of(uri) + ": expected an http or https address");
        }
        CompletableFuture<HttpResponse<T>> answer = client.sendAsync(request(method, uri, headers), handler);
        try {
            while (true) {
                try {
                    return answer.get(silence.toNanos(), TimeUnit.NANOSECONDS);
                } catch (TimeoutException e) {
                    if (!moves.getAsBoolean()) {
                        throw new java.net.SocketTimeoutException("timed out");
                    }
                }
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof FoveaException said) { // of a proxy that cannot be used
                throw said;
            }
            throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NetworkException("the download was interrupted", "what has come so far is kept", e);
        } finally {
            answer.cancel(true);
        }
    }

    private HttpRequest request(String method, URI uri, Map<String, String> headers) {
        Map<String, String> all = new LinkedHashMap<>(headers);
        all.put("User-Agent", "fovea");
        all.put("Accept-Encoding", "identity");
        if (trusts(uri)) {
            all.putAll(credentials);
        }
        HttpRequest.Builder builder =
                HttpRequest.newBuilder(uri).timeout(silence).method(method, BodyPublishers.noBody());
        all.forEach(builder::header);
        return builder.build();
    }

    // -------------------------------------------------------------------------------------------------------- errors

    static NetworkException failed(URI uri, Throwable cause) {
        return new NetworkException(
                "no answer from " + Quote.of(uri.getHost()) + ": " + Reason.of(cause),
                "is there a network, and does it need a proxy (HTTPS_PROXY) or a mirror (HF_ENDPOINT)? what has come so far is"
                        + " kept",
                cause);
    }

    /** Cuts off what still runs. */
    @Override
    public void close() {
        client.shutdownNow();
    }
}
