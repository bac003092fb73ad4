package dev.fovea.media;

import dev.fovea.error.FoveaException;
import dev.fovea.error.NetworkException;
import dev.fovea.error.Quote;
import dev.fovea.error.Reason;
import dev.fovea.net.ContentEncoding;
import dev.fovea.net.Proxies;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Fetches a picture or clip by HTTP, with limits on time, bytes and redirects, each of which is checked anew. Messages name hosts and
 * paths, never users, passwords or queries.
 */
final class Download {

    /** More than any camera writes, less than a server would miss. */
    static final long MAX_BYTES = 64L << 20;

    private static final int MAX_REDIRECTS = 3;
    private static final long SOON = 20_000_000; // ns; sockets count milliseconds

    /** Made at the first use: it owns threads. */
    private static final class Client {
        static final HttpClient INSTANCE = client(System.getenv());
    }

    /** @param environment that may name proxies */
    static HttpClient client(Map<String, String> environment) {
        return Proxies.client(environment, MediaPolicy.TRUSTED.connectTimeout()).build();
    }

    /** What a name stands for, and whether an address may be asked. */
    interface Network {
        InetAddress[] resolve(String host) throws UnknownHostException;

        default boolean mayAsk(InetAddress address) {
            return Addresses.isPublic(address);
        }
    }

    private record Answer(int status, Optional<String> location, Optional<String> encoding, byte[] body) {}

    private final URI uri;
    private final MediaPolicy policy;
    private final long maxBytes;
    private final Network network;
    private final Supplier<HttpClient> client;
    private final long end;

    Download(URI uri, MediaPolicy policy, long maxBytes, Network network) {
        this(uri, policy, maxBytes, network, () -> Client.INSTANCE);
    }

    /** @param client for addresses that need no check */
    Download(URI uri, MediaPolicy policy, long maxBytes, Network network, Supplier<HttpClient> client) {
        this.client = client;
        this.uri = uri;
        this.policy = policy;
        this.maxBytes = maxBytes;
        this.network = network;
        end = System.nanoTime() + policy.timeout().toNanos();
    }

    static byte[] get(URI uri) {
        return get(uri, MediaPolicy.TRUSTED, MAX_BYTES);
    }

    static byte[] get(URI uri, MediaPolicy policy, long maxBytes) {
        return new Download(uri, policy, maxBytes, InetAddress::getAllByName).run();
    }

    byte[] run() {
        URI at = uri;
        for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
            Answer answer = request(at);
            int status = answer.status();
            if (status == 200) {
                long bytes = answer.body().length;
                tell(bytes, OptionalLong.of(bytes), true);
                return decoded(at, answer);
            }
            if (status < 301 || status > 308 || status == 304) {
                throw failed(
                        at, "the server answers with HTTP status " + status + ", expected 200", hint(status), null);
            }
            URI from = at;
            String location = answer.location()
                    .orElseThrow(() -> failed(from, "HTTP status " + status + " comes without a Location", "", null));
            at = resolve(at, location);
        }
        throw failed(uri, "more than " + MAX_REDIRECTS + " redirects", "", null);
    }

    private byte[] decoded(URI at, Answer answer) {
        if (!ContentEncoding.isEncoded(answer.encoding())) {
            return answer.body();
        }
        try (InputStream in = ContentEncoding.decoded(at, answer.encoding(), new ByteArrayInputStream(answer.body()))) {
            byte[] all = in.readNBytes((int) Math.min(maxBytes + 1, Integer.MAX_VALUE - 8));
            if (all.length > maxBytes) {
                throw failed(at, tooLarge(), "", null);
            }
            return all;
        } catch (IOException e) {
            throw failed(at, "its compressed data are damaged", "", e);
        }
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

    private Answer request(URI at) {
        boolean web = "http".equalsIgnoreCase(at.getScheme()) || "https".equalsIgnoreCase(at.getScheme());
        if (!web || at.getHost() == null) {
            String found = at.equals(uri) ? "this is none" : "it is redirected to " + Quote.of(at);
            throw failed(uri, "expected an http or https address with a host; " + found, "", null);
        }
        policy.checkAddress(at);
        return policy.publicAddressesOnly() ? pinned(at) : byClient(at);
    }

    private Answer byClient(URI at) {
        // The request's own timeout ends with the headers, so the whole exchange is waited for here.
        CompletableFuture<HttpResponse<byte[]>> answer =
                client.get().sendAsync(message(at), BodyHandlers.limiting(this::counted, maxBytes));
        try {
            HttpResponse<byte[]> response = answer.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
            HttpHeaders headers = response.headers();
            return new Answer(
                    response.statusCode(),
                    headers.firstValue("location"),
                    headers.firstValue("content-encoding"),
                    response.body());
        } catch (TimeoutException e) {
            throw notDone(at, e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof FoveaException said) { // of a proxy that cannot be used
                throw said;
            }
            throw failed(at, reason(at, e), "", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed(at, "it was interrupted", "", e);
        } finally {
            answer.cancel(true);
        }
    }

    private HttpResponse.BodySubscriber<byte[]> counted(HttpResponse.ResponseInfo answer) {
        OptionalLong total = answer.headers().firstValueAsLong("content-length");
        return new CountedBody(bytes -> {
            if (answer.statusCode() == 200) {
                tell(bytes, total, false);
            }
        });
    }

    private void tell(long bytes, OptionalLong total, boolean isDone) {
        policy.fetchListener().accept(new FetchProgress(Quote.of(uri), bytes, total, isDone));
    }

    /** Looks the host up once, and asks the address that was checked. */
    private Answer pinned(URI at) {
        if (at.getUserInfo() != null) {
            throw failed(at, "an address of a stranger names a user", "", null);
        }
        try (var http = new PinnedHttp(end)) {
            InetAddress address = checked(at);
            int connectMillis = (int) policy.connectTimeout().toMillis();
            PinnedHttp.Response response = http.get(at, address, connectMillis, maxBytes);
            return new Answer(
                    response.status(),
                    Optional.ofNullable(response.headers().get("location")),
                    Optional.ofNullable(response.headers().get("content-encoding")),
                    response.body());
        } catch (PinnedHttp.TooLarge e) {
            throw failed(at, tooLarge(), "", e);
        } catch (SocketTimeoutException e) {
            throw end - System.nanoTime() < SOON ? notDone(at, e) : failed(at, Reason.of(e), "", e);
        } catch (IOException e) {
            throw failed(at, Reason.of(e), "", e);
        }
    }

    private InetAddress checked(URI at) throws UnknownHostException {
        InetAddress[] addresses = network.resolve(at.getHost());
        for (InetAddress address : addresses) {
            if (!network.mayAsk(address)) {
                throw failed(
                        at,
                        "its host is at " + address.getHostAddress() + ", which is no public address",
                        "only public addresses are open to requests",
                        null);
            }
        }
        return addresses[0];
    }

    private NetworkException notDone(URI at, Exception e) {
        return failed(at, "it was not done after " + policy.timeout().toMillis() / 1e3 + " s", "", e);
    }

    private String tooLarge() {
        return "it has more than " + maxBytes + " bytes";
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

    private String reason(URI at, ExecutionException failure) {
        String said = String.valueOf(failure.getCause());
        return said.contains("capacity")
                ? tooLarge()
                : Reason.of(failure) + " (" + Quote.of(at.getHost() + (at.getPort() < 0 ? "" : ":" + at.getPort()))
                        + ")";
    }

    private static NetworkException failed(URI at, String reason, String hint, @Nullable Throwable cause) {
        return new NetworkException("cannot fetch " + Quote.of(at) + ": " + reason, hint, cause);
    }
}
