package dev.fovea.serve;

import dev.fovea.io.Json;
import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A request and its response. For the thread that handles it. */
final class Exchange {
    private final String id = Uploads.id("req_");
    private final ServerRequest request;
    private final ServerResponse response;
    private final Map<String, String> path;
    private Clients.Client client;
    private String about = "";
    private int status;

    /** @param path what stands in the places of the route's path */
    Exchange(ServerRequest request, ServerResponse response, Clients.Client client, Map<String, String> path) {
        this.request = request;
        this.response = response;
        this.client = client;
        this.path = path;
    }

    /** Asks what a GET would be answered, without its body. */
    static boolean isHead(ServerRequest request) {
        return request.prologue().method().equals(Method.HEAD);
    }

    /** In the log, and in the header {@code x-request-id}. */
    String id() {
        return id;
    }

    ServerRequest request() {
        return request;
    }

    ServerResponse response() {
        return response;
    }

    Clients.Client client() {
        return client;
    }

    void ofClient(Clients.Client known) {
        client = known;
    }

    String path(String name) {
        String value = path.get(name);
        if (value == null) {
            throw new IllegalArgumentException("the route has no " + name);
        }
        return value;
    }

    /** What the log says of it. */
    String about() {
        return about;
    }

    void about(String words) {
        about = words;
    }

    /** 0 before it is answered. */
    int status() {
        return status;
    }

    void answered(int code) {
        status = code;
    }

    void header(String name, String value) {
        response.headers().set(HeaderNames.create(name), value);
    }

    void send(Map<String, ? extends @Nullable Object> json) {
        send(200, "application/json", Json.write(json).getBytes(StandardCharsets.UTF_8));
    }

    void send(int code, String type, byte[] bytes) {
        status = code;
        header("Content-Type", type);
        response.status(Status.create(code));
        if (isHead(request)) {
            header("Content-Length", String.valueOf(bytes.length)); // a body would be read as the next response
            response.send();
        } else {
            response.send(bytes);
        }
    }

    void send(Problem problem) {
        if (problem.retryAfterSeconds() > 0) {
            header("Retry-After", String.valueOf(problem.retryAfterSeconds()));
        }
        if (problem.status() == 401) {
            header("WWW-Authenticate", "Bearer");
        }
        send(problem.status(), "application/json", problem.json().getBytes(StandardCharsets.UTF_8));
    }
}
