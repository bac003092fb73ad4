package dev.fovea.text.jinja;

import dev.fovea.text.jinja.TemplateException.Failure;
import dev.fovea.text.jinja.Values.None;
import dev.fovea.text.jinja.Values.Tuple;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Python's json.dumps, as the tojson filter of transformers calls it: ASCII and HTML are not escaped unless asked for. */
final class ToJson {
    private final StringBuilder out = new StringBuilder();
    private final Budget budget;
    private final boolean ascii;
    private final boolean sorted;

    /** What one level is indented by, where each item has its line. */
    private final String indent;

    private final boolean lines;
    private final String itemSeparator;
    private final String keySeparator;

    private ToJson(Args.Bound args, Budget budget) {
        this.budget = budget;
        ascii = args.flag("ensure_ascii");
        sorted = args.flag("sort_keys");
        lines = args.some("indent").isPresent();
        indent = args.some("indent")
                .map(i -> i instanceof String s ? s : " ".repeat(Math.clamp(Numbers.integer(i), 0, 1000)))
                .orElse("");
        List<Object> separators = args.some("separators").map(Items::of).orElse(List.of(lines ? "," : ", ", ": "));
        if (separators.size() != 2) {
            throw new Failure("the separators of tojson are two texts");
        }
        itemSeparator = Values.text(separators.getFirst(), budget);
        keySeparator = Values.text(separators.getLast(), budget);
    }

    static String write(Object value, Args args, Budget budget) {
        ToJson json = new ToJson(args.bind("ensure_ascii", "indent", "separators", "sort_keys"), budget);
        json.write(value, 1);
        return json.out.toString();
    }

    private void write(Object value, int level) {
        budget.enter();
        Budget.check(out.length());
        switch (value) {
            case String s -> quote(s);
            case Double d -> out.append(number(d));
            case List<?> list -> list(list, level);
            case Tuple tuple -> list(tuple.items(), level);
            case Map<?, ?> map -> map(map, level);
            case None _, Boolean _ -> out.append(constant(value));
            case Number n -> out.append(n);
            default -> {
                Values.refuse(value);
                throw new Failure("a " + Values.type(value) + " cannot be written as JSON");
            }
        }
        budget.leave();
    }

    private static String constant(Object value) {
        return value == None.NONE ? "null" : value.toString();
    }

    private static String number(double value) {
        return Double.isNaN(value)
                ? "NaN"
                : Double.isInfinite(value) ? (value > 0 ? "Infinity" : "-Infinity") : Numbers.repr(value);
    }

    private void list(List<?> list, int level) {
        out.append('[');
        boolean first = true;
        for (Object item : list) {
            begin(first, level);
            write(item, level + 1);
            first = false;
        }
        end(first, level);
        out.append(']');
    }

    private void map(Map<?, ?> map, int level) {
        out.append('{');
        boolean first = true;
        Stream<? extends Map.Entry<?, ?>> entries = map.entrySet().stream();
        Comparator<Map.Entry<?, ?>> byKey = (a, b) -> Values.compare(a.getKey(), b.getKey(), budget);
        for (Map.Entry<?, ?> entry : (sorted ? entries.sorted(byKey) : entries).toList()) {
            begin(first, level);
            quote(key(entry.getKey()));
            out.append(keySeparator);
            write(entry.getValue(), level + 1);
            first = false;
        }
        end(first, level);
        out.append('}');
    }

    private static String key(Object key) {
        return switch (key) {
            case String s -> s;
            case Double d -> number(d);
            default -> constant(key);
        };
    }

    private void begin(boolean first, int level) {
        out.append(first ? "" : itemSeparator);
        newline(level);
    }

    private void end(boolean empty, int level) {
        if (!empty) {
            newline(level - 1);
        }
    }

    private void newline(int level) {
        if (lines) {
            Budget.check(out.length() + (long) indent.length() * level);
            budget.spend((long) indent.length() * level);
            out.append('\n').repeat(indent, level);
        }
    }

    private void quote(String text) {
        budget.spend(text.length());
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                default -> {
                    if (c < ' ' || (ascii && c > '~')) {
                        out.append(String.format("\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
