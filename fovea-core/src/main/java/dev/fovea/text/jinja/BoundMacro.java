package dev.fovea.text.jinja;

import dev.fovea.text.jinja.Node.Signature;
import dev.fovea.text.jinja.Values.Attributes;
import dev.fovea.text.jinja.Values.Callable;
import dev.fovea.text.jinja.Values.Tuple;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A macro where it is defined, with the attributes that templates can ask it for. */
record BoundMacro(String name, Signature signature, Callable body) implements Callable, Attributes {
    @Override
    public Object call(Args args) {
        return body.call(args);
    }

    @Override
    public @Nullable Object attribute(String attribute) {
        return switch (attribute) {
            case "name" -> name;
            case "arguments" -> new Tuple(List.copyOf(signature.parameters()));
            case "catch_varargs" -> signature.varargs();
            case "catch_kwargs" -> signature.kwargs();
            case "caller" -> signature.caller();
            default -> null;
        };
    }
}
