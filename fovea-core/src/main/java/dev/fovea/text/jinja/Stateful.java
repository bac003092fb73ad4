package dev.fovea.text.jinja;

import dev.fovea.text.jinja.TemplateException.Failure;
import dev.fovea.text.jinja.Values.Attributes;
import dev.fovea.text.jinja.Values.Callable;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The globals that remember: {@code cycler} and {@code joiner}. */
final class Stateful {
    private Stateful() {}

    /** Gives its values in turn. */
    static final class Cycler implements Attributes {
        private final List<Object> items;
        private int position;

        Cycler(Args args) {
            items = args.positional();
            if (items.isEmpty()) {
                throw new Failure("cycler needs at least one value");
            }
        }

        @Override
        public @Nullable Object attribute(String name) {
            return switch (name) {
                case "current" -> items.get(position);
                case "pos" -> (long) position;
                case "next" ->
                    (Callable) args -> {
                        Object current = items.get(position);
                        position = (position + 1) % items.size();
                        return current;
                    };
                case "reset" ->
                    (Callable) args -> {
                        position = 0;
                        return Values.None.NONE;
                    };
                default -> null;
            };
        }
    }

    /** Nothing at its first call, its separator at all others. */
    static final class Joiner implements Callable {
        private final Object separator;
        private boolean used;

        Joiner(Args args) {
            separator = args.bind("sep").get("sep").orElse(", ");
        }

        @Override
        public Object call(Args args) {
            Object given = used ? separator : "";
            used = true;
            return given;
        }
    }
}
