package dev.fovea.serve;

import dev.fovea.error.Quote;
import io.helidon.http.HeaderNames;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code /v1/files}: pictures and clips that requests name by their ids. */
final class FilesRoute {
    private static final List<String> PURPOSES = List.of("vision", "user_data");

    private final Service service;

    FilesRoute(Service service) {
        this.service = service;
    }

    void add(Exchange exchange) {
        // A form holds its file and a little more.
        byte[] body = service.body().bytes(exchange.request(), service.options().maxFileBytes() + (1 << 16));
        String type =
                exchange.request().headers().first(HeaderNames.CONTENT_TYPE).orElse("");
        Map<String, Multipart.Part> form = Multipart.read(body, type);
        Multipart.Part file = form.get("file");
        if (file == null || file.file().isEmpty()) {
            throw new Problem(400, Problem.INVALID, "file", "missing_required_parameter", "the form has no file");
        }
        if (file.content().length > service.options().maxFileBytes()) {
            throw Problem.tooLarge("the file has more than " + service.options().maxFileBytes()
                    + " bytes, which is this server's limit");
        }
        Multipart.Part purpose = form.get("purpose");
        if (purpose == null || !PURPOSES.contains(purpose.text())) {
            throw Problem.of("purpose", "purpose is missing or not known; expected " + String.join(" or ", PURPOSES));
        }
        form.keySet().stream()
                .filter(key -> !List.of("file", "purpose").contains(key))
                .findFirst()
                .ifPresent(key -> {
                    throw Problem.unsupported(key, "the form has a field that this server does not know");
                });
        String name = Quote.of(file.file().substring(file.file().lastIndexOf('/') + 1));
        exchange.send(service.uploads()
                .add(name, purpose.text(), file.content(), exchange.client())
                .toMap());
    }

    void list(Exchange exchange) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("object", "list");
        json.put(
                "data",
                service.uploads().of(exchange.client()).stream()
                        .map(Uploads.Stored::toMap)
                        .toList());
        json.put("has_more", false);
        exchange.send(json);
    }

    void one(Exchange exchange) {
        exchange.send(service.uploads()
                .get(exchange.path("file"), exchange.client(), "file_id")
                .toMap());
    }

    void content(Exchange exchange) {
        byte[] bytes = service.uploads().bytes(exchange.path("file"), exchange.client(), "file_id");
        exchange.header("Content-Disposition", "attachment");
        exchange.send(200, "application/octet-stream", bytes);
    }

    void delete(Exchange exchange) {
        String id = exchange.path("file");
        service.uploads().delete(id, exchange.client());
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("id", id);
        json.put("object", "file");
        json.put("deleted", true);
        exchange.send(json);
    }
}
