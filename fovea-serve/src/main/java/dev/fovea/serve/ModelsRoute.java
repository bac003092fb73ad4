package dev.fovea.serve;

import dev.fovea.Pipeline;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code GET /v1/models}: those that are open. */
final class ModelsRoute {
    private final Service service;

    ModelsRoute(Service service) {
        this.service = service;
    }

    void list(Exchange exchange) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("object", "list");
        json.put(
                "data",
                service.models().stream()
                        .filter(Served::isReady)
                        .map(ModelsRoute::json)
                        .toList());
        exchange.send(json);
    }

    void one(Exchange exchange) {
        Served model = service.model(exchange.path("model"), "model");
        Pipeline _ = model.pipeline();
        exchange.send(json(model));
    }

    private static Map<String, @Nullable Object> json(Served model) {
        Pipeline pipeline = model.pipeline();
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("id", model.id());
        json.put("object", "model");
        json.put("created", model.created());
        json.put("owned_by", "fovea");
        Map<String, @Nullable Object> more = new LinkedHashMap<>();
        more.put("chat", pipeline.processor().hasChatTemplate());
        more.put("tasks", pipeline.processor().tasks());
        json.put("fovea", more);
        return json;
    }
}
