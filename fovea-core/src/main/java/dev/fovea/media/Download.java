package dev.fovea.media;

import dev.fovea.error.NetworkException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Fetches a picture by HTTP, with limits on time, bytes and redirects. */
final class Download {

    /** More than any camera writes, less than a server would miss. */
    static final long MAX_BYTES = 64L << 20;

    private static final int MAX_REDIRECTS = 5;
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    /** Made at the first use: it owns threads. */
    private static final class Client {
        static final HttpClient INSTANCE = HttpClient.newBuilder()
                .connectTimeout(CONNECT_TIMEOUT)
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
    }

    private Download() {}

    static byte[] get(URI uri) {
        URI at = uri;
        for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
            HttpResponse<byte[]> response = request(at);
            int status = response.statusCode();
            if (status == 200) {
                return response.body();
            }
            if (status < 301 || status > 308 || status == 304) {
                throw new NetworkException("Cannot fetch " + at + ": HTTP status " + status + ", expected 200");
            }
            String location = response.headers()
                    .firstValue("location")
                    .orElseThrow(() -> new NetworkException(
                            "Cannot fetch " + uri + ": HTTP status " + status + " without a Location"));
            at = resolve(at, location);
        }
        throw new NetworkException("Cannot fetch " + uri + ": more than " + MAX_REDIRECTS + " redirects");
    }

    private static URI resolve(URI from, String location) {
        try {
            return from.resolve(location);
        } catch (IllegalArgumentException e) {
            throw new NetworkException("Cannot fetch " + from + ": redirected to " + location, "", e);
        }
    }

    private static HttpResponse<byte[]> request(URI uri) {
        boolean web = "http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme());
        if (!web || uri.getHost() == null) {
            throw new NetworkException("Cannot fetch " + uri + ": expected an http or https address with a host");
        }
        HttpRequest request =
                HttpRequest.newBuilder(uri).header("User-Agent", "fovea").build();
        // The request's own timeout ends with the headers, so the whole exchange is waited for here.
        CompletableFuture<HttpResponse<byte[]>> answer =
                Client.INSTANCE.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), MAX_BYTES));
        try {
            return answer.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new NetworkException("Cannot fetch " + uri + ": not done after " + TIMEOUT.toSeconds() + " s", "", e);
        } catch (ExecutionException e) {
            throw new NetworkException("Cannot fetch " + uri + ": " + e.getCause(), "", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NetworkException("Interrupted while fetching " + uri, "", e);
        } finally {
            answer.cancel(true);
        }
    }
}
