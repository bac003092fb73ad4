package dev.fovea.serve;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** The routes of a server. */
final class Api {
    private Api() {}

    static Routes routes(Service service) {
        Routes routes = new Routes();
        routes.addOpen("GET", "/health", exchange -> exchange.send(Map.of("status", "ok")));
        routes.addOpen("GET", "/ready", exchange -> ready(service, exchange));
        ModelsRoute models = new ModelsRoute(service);
        routes.add("GET", "/v1/models", models::list);
        routes.add("GET", "/v1/models/{model...}", models::one);
        routes.add("POST", "/v1/chat/completions", new ChatRoute(service));
        routes.add("POST", "/v1/completions", new CompletionsRoute(service));
        routes.add("POST", "/v1/responses", new ResponsesRoute(service));
        routes.add("POST", "/v1/vision/tasks", new VisionTasksRoute(service));
        FilesRoute files = new FilesRoute(service);
        routes.add("POST", "/v1/files", files::add);
        routes.add("GET", "/v1/files", files::list);
        routes.add("GET", "/v1/files/{file}", files::one);
        routes.add("DELETE", "/v1/files/{file}", files::delete);
        routes.add("GET", "/v1/files/{file}/content", files::content);
        routes.add(
                "GET",
                "/metrics",
                exchange -> exchange.send(
                        200,
                        "text/plain; version=0.0.4; charset=utf-8",
                        service.metrics().text()));
        byte[] description = resource("openapi.json");
        routes.add("GET", "/openapi.json", exchange -> exchange.send(200, "application/json", description));
        page().ifPresent(page -> routes.addOpen("GET", "/", exchange -> Page.send(exchange, page)));
        return routes;
    }

    /** Whether requests will be answered; nothing of which models there are, since nobody is asked for a key. */
    private static void ready(Service service, Exchange exchange) {
        if (!service.models().stream().allMatch(Served::isReady)) {
            boolean failed = service.models().stream().anyMatch(m -> m.failure().isPresent());
            throw failed
                    ? Problem.unavailable(
                            "model_unavailable", "a model could not be opened; the server's log says why", 60)
                    : Problem.unavailable("model_loading", "models are being opened", 2);
        }
        exchange.send(Map.of("status", "ready"));
    }

    private static Optional<byte[]> page() {
        return Api.class.getResource("page.html") == null ? Optional.empty() : Optional.of(resource("page.html"));
    }

    private static byte[] resource(String name) {
        try (InputStream in = Api.class.getResourceAsStream(name)) {
            return Objects.requireNonNull(in, name).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
