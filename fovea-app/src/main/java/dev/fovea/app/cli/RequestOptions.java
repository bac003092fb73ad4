package dev.fovea.app.cli;

import dev.fovea.io.Json;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;

/** The options that a request can carry itself. */
final class RequestOptions {
    @Mixin
    GenerationOptions generation = new GenerationOptions();

    @Mixin
    ChatTemplateArguments template = new ChatTemplateArguments();

    @Mixin
    ProcessorOptions processor = new ProcessorOptions();

    /** A request in JSON with these options, which go before its own. */
    Map<String, @Nullable Object> over(Map<String, @Nullable Object> request) {
        return merged(request, toMap());
    }

    /** A request in JSON with these options where it gives none. */
    Map<String, @Nullable Object> under(Map<String, @Nullable Object> request) {
        return merged(toMap(), request);
    }

    private Map<String, @Nullable Object> toMap() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>(processor.frontEnds());
        map.putAll(template.toMap());
        map.put("chat_template_kwargs", template.variables());
        map.put("processor", processor.toMap());
        map.put("generate", generation.toMap());
        return map;
    }

    private static Map<String, @Nullable Object> merged(
            Map<String, @Nullable Object> lower, Map<String, @Nullable Object> upper) {
        Map<String, @Nullable Object> merged = new LinkedHashMap<>(lower);
        merged.putAll(upper);
        for (String nested : new String[] {"processor", "generate", "chat_template_kwargs"}) {
            Map<String, @Nullable Object> both = new LinkedHashMap<>(object(lower, nested));
            both.putAll(object(upper, nested));
            merged.put(nested, both);
        }
        return merged;
    }

    private static Map<String, @Nullable Object> object(Map<String, @Nullable Object> request, String key) {
        Object value = request.get(key);
        return value == null ? Map.of() : Json.object(value, "the request's " + key);
    }
}
