package dev.fovea.app.cli;

import dev.fovea.Request;
import dev.fovea.io.Json;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
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

    private Optional<Map<String, @Nullable Object>> given = Optional.empty();

    /** The files that the options name, as they name them, by option; - is stdin. */
    private Map<String, String> named() {
        Map<String, String> named = new LinkedHashMap<>(template.files());
        generation.jsonSchema.ifPresent(file -> named.put("--json-schema", file));
        return named;
    }

    /** Options that want stdin. */
    Stream<String> ofStdin() {
        Map<String, String> named = named();
        return named.keySet().stream().filter(option -> InputOptions.STDIN.equals(named.get(option)));
    }

    /** The files that the options name. */
    List<Path> files() {
        return named().values().stream()
                .filter(file -> !file.equals(InputOptions.STDIN))
                .map(Path::of)
                .toList();
    }

    /**
     * Reads what the options name: once, and before anything is written, since a pipe cannot be read again.
     *
     * @throws dev.fovea.error.FoveaException where a file is not what its option expects, or options contradict each other
     */
    void read(Console console) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>(processor.frontEnds());
        map.putAll(template.toMap(console));
        map.put("chat_template_kwargs", template.variables());
        map.put("processor", processor.toMap());
        map.put("generate", generation.toMap(console));
        Request.parse(map, Path.of("")); // what is wrong with an option is so once, not for each request
        given = Optional.of(map);
    }

    /** A request in JSON with these options, which are read and go before its own. */
    Map<String, @Nullable Object> over(Map<String, @Nullable Object> request) {
        return merged(request, given.orElseThrow());
    }

    /** A request in JSON with these options, which are read, where it gives none. */
    Map<String, @Nullable Object> under(Map<String, @Nullable Object> request) {
        return merged(given.orElseThrow(), request);
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
