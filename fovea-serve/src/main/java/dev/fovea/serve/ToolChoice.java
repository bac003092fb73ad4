package dev.fovea.serve;

import dev.fovea.error.Quote;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What {@code tool_choice} says.
 *
 * @param offered functions that the model may call; none where it may call nothing
 * @param forces whether it has to call one of them
 */
record ToolChoice(List<ToolFunction> offered, boolean forces) {
    private static final String KEY = "tool_choice";
    private static final String ALLOWED = "allowed_tools";

    /**
     * @param flat as responses have it: what is chosen stands beside its type, not in an object of its own
     */
    static ToolChoice of(Fields request, boolean flat, List<ToolFunction> tools) {
        Object given = request.value(KEY).orElse("auto");
        ToolChoice choice = given instanceof String mode ? of(mode, tools) : chosen(Fields.of(given, KEY), flat, tools);
        if (choice.forces && tools.isEmpty()) {
            throw Problem.of(KEY, "tool_choice asks for a call, and there are no tools");
        }
        if (choice.forces
                && !isText(flat ? request.map("text").map(t -> t.get("format")) : request.value("response_format"))) {
            throw Problem.of(
                    KEY,
                    "tool_choice asks for a call, and " + (flat ? "text.format" : "response_format")
                            + " for another answer");
        }
        return choice;
    }

    /** Whether a format leaves an answer as it comes. */
    private static boolean isText(Optional<Object> format) {
        return format.isEmpty() || format.get() instanceof Map<?, ?> map && "text".equals(map.get("type"));
    }

    private static ToolChoice of(String mode, List<ToolFunction> tools) {
        return switch (mode) {
            case "auto" -> new ToolChoice(tools, false);
            case "none" -> new ToolChoice(List.of(), false);
            case "required" -> new ToolChoice(tools, true);
            default ->
                throw Problem.of(
                        KEY,
                        "tool_choice is " + Quote.of(mode)
                                + "; expected auto, none, required, a function or allowed_tools");
        };
    }

    private static ToolChoice chosen(Fields choice, boolean flat, List<ToolFunction> tools) {
        Optional<Object> type = choice.value("type");
        if (type.isPresent() && type.get().equals(ALLOWED)) {
            return allowed(choice, flat, tools);
        }
        if (tools.isEmpty()) {
            throw Problem.of(KEY, "tool_choice asks for a call, and there are no tools");
        }
        return new ToolChoice(List.of(ToolFunction.named(choice, flat, tools)), true);
    }

    /** Some of the tools; the others are as if they were not there. */
    private static ToolChoice allowed(Fields choice, boolean flat, List<ToolFunction> tools) {
        Fields some = flat ? choice : choice.object(ALLOWED).orElseThrow(() -> choice.missing(ALLOWED));
        boolean forces =
                "required".equals(some.oneOf("mode", "auto", "required").orElse("auto"));
        List<?> given = some.list("tools").orElseThrow(() -> some.missing("tools"));
        List<ToolFunction> allowed = IntStream.range(0, given.size())
                .mapToObj(i -> ToolFunction.named(Fields.of(given.get(i), some.path("tools[" + i + "]")), flat, tools))
                .toList();
        some.done();
        choice.done();
        if (allowed.isEmpty()) {
            throw Problem.of(some.path("tools"), some.path("tools") + " is empty; expected the tools that are allowed");
        }
        return new ToolChoice(allowed, forces);
    }
}
