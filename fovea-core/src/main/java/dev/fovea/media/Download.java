package dev.fovea.media;

import dev.fovea.error.NetworkException;
import dev.fovea.error.Quote;
import dev.fovea.error.Reason;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Fetches a picture by HTTP, with limits on time, bytes and redirects. Messages name hosts and paths, never users, passwords or queries. */
final class Download {

    /** More than any camera writes, less than a server would miss. */
    static final long MAX_BYTES = 64L << 20;

    private static final int MAX_REDIRECTS = 5;
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

    /** Of the whole: all redirects, and the picture itself. */
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    /** Made at the first use: it owns threads. */
    private static final class Client {
        static final HttpClient INSTANCE = HttpClient.newBuilder()
                .connectTimeout(CONNECT_TIMEOUT)
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
    }

    private final URI uri;
    private final Duration limit;
    private final long end;

    private Download(URI uri, Duration limit) {
        this.uri = uri;
        this.limit = limit;
        end = System.nanoTime() + limit.toNanos();
    }

    static byte[] get(URI uri) {
        return get(uri, TIMEOUT);
    }

    /** @param limit of the whole, redirects included */
    static byte[] get(URI uri, Duration limit) {
        return new Download(uri, limit).run();
    }

    private byte[] run() {
        URI at = uri;
        for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
            HttpResponse<byte[]> response = request(at);
            int status = response.statusCode();
            if (status == 200) {
                return response.body();
            }
            if (status < 301 || status > 308 || status == 304) {
                throw failed(
                        at, "the server answers with HTTP status " + status + ", expected 200", hint(status), null);
            }
            URI from = at;
            String location = response.headers()
                    .firstValue("location")
                    .orElseThrow(() -> failed(from, "HTTP status " + status + " comes without a Location", "", null));
            at = resolve(at, location);
        }
        throw failed(uri, "more than " + MAX_REDIRECTS + " redirects", "", null);
    }

    private static String hint(int status) {
        return switch (status) {
            case 401, 403 ->
                "the server wants to know who asks, or refuses programs; save the picture and give its path";
            case 404, 410 -> "there is nothing at this address; is it spelt right?";
            case 429, 503 -> "the server is busy; try again later";
            default -> "";
        };
    }

    private URI resolve(URI from, String location) {
        try {
            return from.resolve(location);
        } catch (IllegalArgumentException e) {
            throw failed(from, "it is redirected to " + Quote.of(location) + ", which is no address", "", e);
        }
    }

    private HttpResponse<byte[]> request(URI at) {
        boolean web = "http".equalsIgnoreCase(at.getScheme()) || "https".equalsIgnoreCase(at.getScheme());
        if (!web || at.getHost() == null) {
            String found = at.equals(uri) ? "this is none" : "it is redirected to " + Quote.of(at);
            throw failed(uri, "expected an http or https address with a host; " + found, "", null);
        }
        // The request's own timeout ends with the headers, so the whole exchange is waited for here.
        CompletableFuture<HttpResponse<byte[]>> answer =
                Client.INSTANCE.sendAsync(message(at), BodyHandlers.limiting(BodyHandlers.ofByteArray(), MAX_BYTES));
        try {
            return answer.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw failed(at, "it was not done after " + limit.toMillis() / 1e3 + " s", "", e);
        } catch (ExecutionException e) {
            throw failed(at, reason(at, e), "", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed(at, "it was interrupted", "", e);
        } finally {
            answer.cancel(true);
        }
    }

    /** A user and password of the address are said as curl and Python's requests say them; a redirect does not inherit them. */
    private static HttpRequest message(URI at) {
        HttpRequest.Builder builder = HttpRequest.newBuilder(at).header("User-Agent", "fovea");
        if (at.getUserInfo() != null) {
            byte[] user = at.getUserInfo().getBytes(StandardCharsets.UTF_8);
            builder.header("Authorization", "Basic " + Base64.getEncoder().encodeToString(user));
        }
        return builder.build();
    }

    private static String reason(URI at, ExecutionException failure) {
        String said = String.valueOf(failure.getCause());
        return said.contains("capacity")
                ? "it has more than " + MAX_BYTES + " bytes"
                : Reason.of(failure) + " (" + Quote.of(at.getHost() + (at.getPort() < 0 ? "" : ":" + at.getPort()))
                        + ")";
    }

    private static NetworkException failed(URI at, String reason, String hint, @Nullable Throwable cause) {
        return new NetworkException("cannot fetch " + Quote.of(at) + ": " + reason, hint, cause);
    }
}
