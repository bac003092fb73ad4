package dev.fovea.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.Pipeline;
import dev.fovea.io.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A server of the demo models, and requests to it. */
final class Trial implements AutoCloseable {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private final FoveaServer server;
    private final List<String> log = Collections.synchronizedList(new ArrayList<>());

    private Trial(ServeOptions options, String... models) {
        server = FoveaServer.start(options.withPort(0).withLog(log::add), models);
        server.awaitReady();
    }

    private Trial(ServeOptions options, Map<String, Pipeline> models) {
        server = FoveaServer.start(options.withPort(0).withLog(log::add), models);
    }

    static Trial of(ServeOptions options, String... models) {
        return new Trial(options, models);
    }

    /** Of a model that is open, by the name demo. */
    static Trial of(ServeOptions options, Pipeline model) {
        return new Trial(options, Map.of("demo", model));
    }

    /** A demo picture as a {@code data:} URI. */
    static String picture(String name) {
        try (InputStream in = Trial.class.getResourceAsStream("/dev/fovea/demo/pictures/" + name)) {
            return "data:image/png;base64,"
                    + Base64.getEncoder()
                            .encodeToString(Objects.requireNonNull(in).readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The user's turn: a question about the first demo picture. */
    static Map<String, Object> ask(String question) {
        return Map.of(
                "role",
                "user",
                "content",
                List.of(
                        Map.of("type", "image_url", "image_url", Map.of("url", picture("one.png"))),
                        Map.of("type", "text", "text", question)));
    }

    /** A response. */
    record Reply(int status, Map<String, List<String>> headers, String body) {
        @SuppressWarnings("unchecked")
        Map<String, Object> json() {
            return (Map<String, Object>) Objects.requireNonNull(Json.parse(body, "the response"));
        }

        /** A value of the JSON, by keys and numbers with dots between. */
        @Nullable
        Object at(String path) {
            return Trial.at(json(), path);
        }

        String header(String name) {
            return headers.getOrDefault(name, List.of("")).getFirst();
        }

        /** The data of the events, parsed; the last has to be [DONE]. */
        List<Map<String, Object>> events() {
            List<Map<String, Object>> events = new ArrayList<>();
            List<String> data = body.lines()
                    .filter(l -> l.startsWith("data: "))
                    .map(l -> l.substring(6))
                    .toList();
            assertThat(data.getLast()).isEqualTo("[DONE]");
            for (String one : data.subList(0, data.size() - 1)) {
                events.add(Json.object(Json.parse(one, "an event"), "an event"));
            }
            return events;
        }
    }

    static @Nullable Object at(@Nullable Object json, String path) {
        Object at = json;
        for (String key : path.split("\\.")) {
            at = at instanceof List<?> list ? list.get(Integer.parseInt(key)) : ((Map<?, ?>) at).get(key);
        }
        return at;
    }

    URI uri(String path) {
        return server.address().resolve(path);
    }

    FoveaServer server() {
        return server;
    }

    List<String> log() {
        return log;
    }

    Reply get(String path, String... headers) {
        return send(request(path, headers).GET());
    }

    Reply delete(String path, String... headers) {
        return send(request(path, headers).DELETE());
    }

    Reply post(String path, Map<String, ?> json, String... headers) {
        return post(path, Json.write(json).getBytes(StandardCharsets.UTF_8), headers);
    }

    Reply post(String path, byte[] body, String... headers) {
        return send(request(path, headers)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body)));
    }

    HttpRequest.Builder request(String path, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path)).timeout(Duration.ofSeconds(60));
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        return request;
    }

    static Reply send(HttpRequest.Builder request) {
        try {
            HttpResponse<String> response = CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
            return new Reply(response.statusCode(), response.headers().map(), response.body());
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Sends bytes as they are. @return what comes back until the end, or as much of it as comes */
    String raw(String... parts) throws IOException {
        try (Socket socket = connect()) {
            for (String part : parts) {
                socket.getOutputStream().write(part.getBytes(StandardCharsets.ISO_8859_1));
            }
            socket.shutdownOutput();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (SocketException e) {
            return ""; // the server would read no further
        }
    }

    /** Waits until something holds, as long as is sensible. */
    static void eventually(BooleanSupplier holds) {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!holds.getAsBoolean() && System.nanoTime() < end) {
            Thread.onSpinWait();
            LockSupport.parkNanos(5_000_000);
        }
        assertThat(holds.getAsBoolean()).isTrue();
    }

    /** A value of /metrics. */
    double metric(String name) {
        return get("/metrics")
                .body()
                .lines()
                .filter(l -> l.startsWith(name + " ") || l.startsWith(name + "{"))
                .mapToDouble(l -> Double.parseDouble(l.substring(l.lastIndexOf(' '))))
                .sum();
    }

    /** A connection on which nothing is sent yet. */
    Socket connect() throws IOException {
        Socket socket = new Socket(server.address().getHost(), server.address().getPort());
        socket.setSoTimeout(30_000);
        return socket;
    }

    @Override
    public void close() {
        server.close();
    }
}
