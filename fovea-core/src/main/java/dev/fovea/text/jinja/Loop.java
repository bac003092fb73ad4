package dev.fovea.text.jinja;

import dev.fovea.text.jinja.TemplateException.Failure;
import dev.fovea.text.jinja.Values.Attributes;
import dev.fovea.text.jinja.Values.Callable;
import dev.fovea.text.jinja.Values.Undefined;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a template sees of the loop that it is in. */
final class Loop implements Attributes, Callable {
    private final List<Object> items;
    private final long depth;
    private final @Nullable Callable again;
    private int index = -1;
    private List<Object> lastSeen = List.of();
    private boolean seen;

    /**
     * @param depth 0 for a loop that no call of itself runs
     * @param again runs the loop over other items; null for one that is not recursive
     */
    Loop(List<Object> items, long depth, @Nullable Callable again) {
        this.items = items;
        this.depth = depth;
        this.again = again;
    }

    @Override
    public Object call(Args args) {
        if (again == null) {
            throw new Failure("only a loop that is marked as recursive can be called");
        }
        return again.call(args);
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
            case "depth" -> depth + 1;
            case "depth0" -> depth;
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
