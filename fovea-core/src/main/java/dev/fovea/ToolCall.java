package dev.fovea;

import java.util.Objects;

/**
 * A function that a model wants to have called.
 *
 * @param arguments as JSON: an object
 */
public record ToolCall(String name, String arguments) {
    public ToolCall {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(arguments, "arguments");
    }
}
