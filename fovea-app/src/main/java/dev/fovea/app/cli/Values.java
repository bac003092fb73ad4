package dev.fovea.app.cli;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import dev.fovea.io.Json;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Values from a command line as JSON values, collected under the names of transformers. */
final class Values {
    private final Map<String, @Nullable Object> values = new LinkedHashMap<>();
    private final Map<String, String> pairsOf = new HashMap<>();

    /** KEY=VALUE pairs of an option; a value is JSON where it reads as such, else a text. */
    Values putAll(String option, Map<String, String> pairs) {
        pairs.forEach((key, value) -> {
            String known = key.replace('-', '_');
            pairsOf.put(known, option + " " + key + "=" + value);
            values.put(known, parse(value));
        });
        return this;
    }

    /**
     * A value that was given by an option of its own.
     *
     * @throws OptionException where a pair gives it too
     */
    Values put(String key, Optional<?> value) {
        value.ifPresent(v -> {
            if (pairsOf.containsKey(key)) {
                throw new OptionException(
                        key + " is given twice: by its own option as " + Quote.of(v) + ", and by "
                                + Quote.of(pairsOf.get(key)),
                        "leave one of them out");
            }
            values.put(key, json(v));
        });
        return this;
    }

    /** A whole number is one, as it is written. */
    private static Object json(Object value) {
        return switch (value) {
            case Integer i -> (long) i;
            case Double x when x == Math.rint(x) && Math.abs(x) < 1e15 -> (long) (double) x;
            default -> value;
        };
    }

    Map<String, @Nullable Object> toMap() {
        return values;
    }

    static @Nullable Object parse(String value) {
        try {
            return Json.parse(value, "a value");
        } catch (InputException e) {
            return value;
        }
    }
}
