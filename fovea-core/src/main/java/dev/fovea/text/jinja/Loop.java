package dev.fovea.text.jinja;

import dev.fovea.text.jinja.TemplateException.Failure;
import dev.fovea.text.jinja.Values.Attributes;
import dev.fovea.text.jinja.Values.Callable;
import dev.fovea.text.jinja.Values.Undefined;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a template sees of the loop that it is in. */
final class Loop implements Attributes {
    private final List<Object> items;
    private int index = -1;
    private List<Object> lastSeen = List.of();
    private boolean seen;

    Loop(List<Object> items) {
        this.items = items;
    }

    void next() {
        index++;
    }

    @Override
    public @Nullable Object attribute(String name) {
        long size = items.size();
        return switch (name) {
            case "index" -> index + 1L;
            case "index0" -> (long) index;
            case "revindex" -> size - index;
            case "revindex0" -> size - index - 1;
            case "first" -> index == 0;
            case "last" -> index == size - 1;
            case "length" -> size;
            // Deeper are only the loops that call themselves, which are not supported.
            case "depth" -> 1L;
            case "depth0" -> 0L;
            case "previtem" -> index > 0 ? items.get(index - 1) : new Undefined("there is no previous item");
            case "nextitem" -> index + 1 < size ? items.get(index + 1) : new Undefined("there is no next item");
            case "cycle" ->
                (Callable) args -> {
                    if (args.positional().isEmpty()) {
                        throw new Failure("cycle needs values");
                    }
                    return args.positional().get(index % args.positional().size());
                };
            case "changed" ->
                (Callable) args -> {
                    boolean same = seen && Values.equal(lastSeen, args.positional(), new Budget());
                    lastSeen = args.positional();
                    seen = true;
                    return !same;
                };
            default -> null;
        };
    }
}
