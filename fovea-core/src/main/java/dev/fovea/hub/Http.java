package dev.fovea.hub;

import dev.fovea.error.FoveaException;
import dev.fovea.error.NetworkException;
import dev.fovea.error.Quote;
import dev.fovea.error.Reason;
import dev.fovea.net.ContentEncoding;
import dev.fovea.net.Proxies;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpHeaders;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Requests to a hub and to where it sends us. Who we are is told to the hub's own servers alone, whatever redirects say. Used by several
 * threads.
 */
final class Http {
    /** More than any list of files has. */
    private static final int TEXT_BYTES = 64 << 20;

    static final int MAX_REDIRECTS = 10;

    /** A text that takes so many times as long as a server may be silent has stopped. */
    private static final int MAX_SILENCES = 6;

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

    private final Proxies proxies;
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
        this.proxies = Proxies.of(environment.variables());
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
    Answer<byte[]> get(URI uri, int tries) {
        return patiently(new Request("GET", Map.of(), true, Http::text), uri, tries);
    }

    /**
     * The first bytes of a file, as {@link #get}; fewer where it has not so many. A server that does not know ranges is not read any
     * further.
     */
    Answer<byte[]> first(URI uri, int count, int tries) {
        Map<String, String> range = count > 0 ? Map.of("Range", "bytes=0-" + (count - 1)) : Map.of();
        return patiently(new Request("GET", range, true, (_, _, in) -> in.readNBytes(count)), uri, tries);
    }

    /** The headers for a file; a redirect away from the hub is the answer, and is not followed. */
    Answer<byte[]> head(URI uri, int tries) {
        return patiently(new Request("HEAD", Map.of(), false, Http::text), uri, tries);
    }

    /** @param everywhere whether redirects away from the hub are followed */
    private record Request(String method, Map<String, String> headers, boolean everywhere, Body<byte[]> body) {}

    private static byte[] text(int status, HttpHeaders headers, InputStream in) throws IOException {
        byte[] all = in.readNBytes(TEXT_BYTES + 1);
        if (all.length > TEXT_BYTES) {
            throw new IOException("more than " + TEXT_BYTES + " bytes");
        }
        return all;
    }

    private Answer<byte[]> patiently(Request request, URI uri, int tries) {
        Patience patience = patience();
        while (true) {
            try {
                Answer<byte[]> answer = follow(request, uri);
                boolean busy = Patience.isBusy(answer.status());
                if (!busy || patience.failures() + 1 >= tries || !patience.waitFor(answer)) {
                    return answer;
                }
            } catch (ConnectException | UnknownHostException | NoRouteToHostException e) {
                throw failed(uri, e); // a wrong name or a missing network stays so
            } catch (IOException e) {
                if (patience.failures() + 1 >= tries || !patience.waitFor()) {
                    throw failed(uri, e);
                }
            }
        }
    }

    private Answer<byte[]> follow(Request request, URI uri) throws IOException {
        URI at = uri;
        for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
            Answer<byte[]> answer = answer(request, at);
            Optional<URI> next = target(at, answer);
            if (next.isEmpty() || (!request.everywhere() && !trusts(next.get()))) {
                return answer;
            }
            at = next.get();
        }
        throw redirectedTooOften(uri);
    }

    /** On a thread of its own, which ends where this one is interrupted: a socket alone would wait for its server. */
    private Answer<byte[]> answer(Request request, URI uri) throws IOException {
        var asking = new FutureTask<>(() -> send(request.method(), uri, request.headers(), request.body()));
        Thread.ofVirtual().name("fovea-ask").start(asking);
        try {
            return asking.get(MAX_SILENCES * silence.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new SocketTimeoutException("timed out");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof FoveaException said) { // of a proxy that cannot be used
                throw said;
            }
            throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NetworkException("the download was interrupted", "what has come so far is kept", e);
        } finally {
            asking.cancel(true);
        }
    }

    // ------------------------------------------------------------------------------------------------------ requests

    /** Where a redirect leads. */
    static Optional<URI> target(URI from, Answer<?> answer) {
        int status = answer.status();
        if (status < 301 || status > 308 || status == 304) {
            return Optional.empty();
        }
        return answer.headers().firstValue("location").map(location -> {
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

    static NetworkException redirectedTooOften(URI uri) {
        return new NetworkException(
                "cannot fetch " + Quote.of(uri) + ": it is redirected more than " + MAX_REDIRECTS + " times");
    }

    /** What is made of a body. */
    interface Body<T> {
        /** @param in may be left before its end */
        T take(int status, HttpHeaders headers, InputStream in) throws IOException;
    }

    /**
     * One request, on the calling thread. A redirect is an answer, and so is a refusal. Of a body that was compressed on its way,
     * the headers have no length.
     *
     * @throws IOException where no answer comes, or it breaks off
     * @throws NetworkException where a proxy wants another password, or the answer is compressed in a way that is not read
     */
    <T> Answer<T> send(String method, URI uri, Map<String, String> headers, Body<T> body) throws IOException {
        boolean web = "http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme());
        if (!web || uri.getHost() == null) {
            throw new NetworkException("cannot fetch " + Quote.of(uri) + ": expected an http or https address");
        }
        HttpURLConnection connection = proxies.open(uri);
        connection.setRequestMethod(method);
        connection.setConnectTimeout((int) CONNECT_TIMEOUT.toMillis());
        connection.setReadTimeout((int) Math.min(Integer.MAX_VALUE, silence.toMillis()));
        headers.forEach(connection::setRequestProperty);
        connection.setRequestProperty("User-Agent", "fovea");
        connection.setRequestProperty("Accept", "*/*");
        connection.setRequestProperty("Accept-Encoding", "identity");
        if (trusts(uri)) {
            credentials.forEach(connection::setRequestProperty);
        }
        int status = connection.getResponseCode();
        if (status < 0) {
            throw new IOException("Invalid Http response");
        }
        if (status == HttpURLConnection.HTTP_PROXY_AUTH) {
            proxies.before(uri).ifPresent(proxy -> {
                throw refusedBy(proxy);
            });
        }
        HttpHeaders answered = headers(connection);
        Optional<String> encoding = answered.firstValue("content-encoding").filter(_ -> status / 100 != 3);
        boolean encoded = ContentEncoding.isEncoded(encoding);
        if (encoded && status == HttpURLConnection.HTTP_PARTIAL) {
            throw ContentEncoding.refusal(uri, encoding.orElseThrow()); // a part of the compressed bytes
        }
        HttpHeaders told = encoded ? HttpHeaders.of(answered.map(), (name, _) -> !isLength(name)) : answered;
        try (InputStream in = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
            InputStream sent = Objects.requireNonNullElseGet(in, InputStream::nullInputStream);
            return new Answer<>(
                    uri, status, told, body.take(status, told, ContentEncoding.decoded(uri, encoding, sent)));
        }
    }

    private static boolean isLength(String header) {
        return header.equalsIgnoreCase("content-length");
    }

    private static HttpHeaders headers(HttpURLConnection connection) {
        Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (int i = 0; connection.getHeaderField(i) != null; i++) {
            String name = connection.getHeaderFieldKey(i);
            if (name != null && !name.isBlank()) { // the first is the status
                headers.computeIfAbsent(name.strip(), _ -> new ArrayList<>()).add(connection.getHeaderField(i));
            }
        }
        return HttpHeaders.of(headers, (_, _) -> true);
    }

    // -------------------------------------------------------------------------------------------------------- errors

    private static NetworkException refusedBy(String proxy) {
        return new NetworkException(
                "the proxy " + Quote.of(proxy) + " wants a user and password (HTTP status 407), and got none or others",
                "write them into HTTPS_PROXY as http://user:password@host:port; a Java program that used another HTTP client"
                        + " before needs -Djdk.http.auth.tunneling.disabledSchemes= too");
    }

    static NetworkException failed(URI uri, Throwable cause) {
        return new NetworkException(
                "no answer from " + Quote.of(uri.getHost()) + ": " + Reason.of(cause),
                "is there a network, and does it need a proxy (HTTPS_PROXY) or a mirror (HF_ENDPOINT)? what has come so far is"
                        + " kept",
                cause);
    }
}
