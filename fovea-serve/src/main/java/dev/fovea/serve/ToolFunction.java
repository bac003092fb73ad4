package dev.fovea.serve;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A function that a model may call.
 *
 * @param path of what holds its calls to the parameters, {@code strict}
 */
record ToolFunction(
        String path,
        String name,
        @Nullable String description,
        Map<String, @Nullable Object> parameters,
        boolean strict) {
    private static final String WHY = "the others are OpenAI's own tools";

    /** @param flat as responses have it: what it is stands beside its type, not in an object of its own */
    static ToolFunction of(Fields tool, boolean flat) {
        tool.only("type", "function", WHY);
        Fields function = within(tool, flat);
        ToolFunction read = new ToolFunction(
                function.path("strict"),
                function.requiredString("name"),
                function.string("description").orElse(null),
                function.map("parameters").orElse(Map.of("type", "object", "properties", Map.of())),
                function.flag("strict"));
        function.done();
        tool.done();
        return read;
    }

    /** Which of some functions is meant. */
    static ToolFunction named(Fields tool, boolean flat, List<ToolFunction> offered) {
        tool.only("type", "function", WHY);
        Fields function = within(tool, flat);
        String name = function.requiredString("name");
        function.done();
        tool.done();
        return offered.stream()
                .filter(f -> f.name().equals(name))
                .findFirst()
                .orElseThrow(() -> Problem.of(
                        function.path("name"), function.path("name") + " is a function that is not among the tools"));
    }

    private static Fields within(Fields tool, boolean flat) {
        return flat ? tool : tool.object("function").orElseThrow(() -> tool.missing("function"));
    }

    void requireFree() {
        if (strict) {
            throw Problem.unsupported(path, path + " is true, and " + Tools.NOT_HELD);
        }
    }

    /** As chat templates get it. */
    Map<String, @Nullable Object> json() {
        Map<String, @Nullable Object> function = new LinkedHashMap<>();
        function.put("name", name);
        if (description != null) {
            function.put("description", description);
        }
        function.put("parameters", parameters);
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("type", "function");
        json.put("function", function);
        return json;
    }
}
