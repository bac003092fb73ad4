package dev.fovea.serve;

import java.util.Map;

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
}
