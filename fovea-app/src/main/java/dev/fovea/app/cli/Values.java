package dev.fovea.app.cli;

import dev.fovea.error.InputException;
import dev.fovea.io.Json;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Values from a command line as JSON values, collected under the names of transformers. */
final class Values {
    private final Map<String, @Nullable Object> values = new LinkedHashMap<>();

    /** KEY=VALUE pairs; a value is JSON where it reads as such, else a text. */
    Values putAll(Map<String, String> pairs) {
        pairs.forEach((key, value) -> values.put(key.replace('-', '_'), parse(value)));
        return this;
    }

    /** A value that was given. */
    Values put(String key, Optional<?> value) {
        value.ifPresent(v -> values.put(key, v instanceof Integer i ? (Object) (long) i : v));
        return this;
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
