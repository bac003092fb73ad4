package dev.fovea.text.jinja;

import dev.fovea.text.jinja.TemplateException.Failure;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The arguments of a call. */
record Args(List<Object> positional, Map<String, Object> named) {
    static final Args NONE = new Args(List.of(), Map.of());

    /** The arguments by the names of the parameters. @throws Failure where there are too many or others */
    Bound bind(String... parameters) {
        if (positional.size() > parameters.length) {
            throw new Failure("takes at most " + parameters.length + " arguments, found " + positional.size());
        }
        Map<String, Object> values = new LinkedHashMap<>();
        for (int i = 0; i < positional.size(); i++) {
            values.put(parameters[i], positional.get(i));
        }
        named.forEach((name, value) -> {
            if (!List.of(parameters).contains(name) || values.put(name, value) != null) {
                throw new Failure("takes no argument '" + name + "', or has it twice");
            }
        });
        return new Bound(values);
    }

    /** Arguments by name; those that were not given are absent. */
    record Bound(Map<String, Object> values) {
        Optional<Object> get(String name) {
            return Optional.ofNullable(values.get(name));
        }

        Object required(String name) {
            return get(name).orElseThrow(() -> new Failure("needs the argument '" + name + "'"));
        }

        String text(String name) {
            return required(name) instanceof String s ? s : mistyped(name, "text");
        }

        String text(String name, String absent) {
            return values.containsKey(name) ? text(name) : absent;
        }

        long integer(String name, long absent) {
            return values.containsKey(name) ? Numbers.integer(required(name)) : absent;
        }

        boolean flag(String name) {
            return Values.isTrue(values.getOrDefault(name, false));
        }

        /** Present and not None. */
        Optional<Object> some(String name) {
            return get(name).filter(v -> v != Values.None.NONE);
        }

        private String mistyped(String name, String expected) {
            throw new Failure(
                    "the argument '" + name + "' is a " + Values.type(required(name)) + "; expected " + expected);
        }
    }
}
