package dev.fovea.text.jinja;

import dev.fovea.text.jinja.TemplateException.Failure;
import dev.fovea.text.jinja.Values.Undefined;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The filters behind {@code |}. What Jinja gives as a generator is a list here. */
final class Filters {
    interface Filter {
        Object apply(Object value, Args args, Budget budget);
    }

    /** Of Jinja's: for web pages, for debugging, or by chance. */
    private static final Set<String> LEFT_OUT = Set.of("pprint", "random", "striptags", "urlize");

    private static final Map<String, Filter> OWN = Map.ofEntries(
            Map.entry(
                    "abs",
                    (v, args, b) -> v instanceof Double d ? Math.abs(d) : Numbers.signed(Numbers.real(v) < 0, v)),
            Map.entry("attr", (v, args, b) -> attr(v, args.bind("name").text("name"), b)),
            Map.entry("capitalize", (v, args, b) -> Strings.capitalize(Values.text(v, b))),
            Map.entry("count", (v, args, b) -> Items.length(v)),
            Map.entry("d", Filters::defaultTo),
            Map.entry("default", Filters::defaultTo),
            Map.entry("dictsort", Filters::dictsort),
            Map.entry("e", (v, args, b) -> escape(Values.text(v, b))),
            Map.entry("escape", (v, args, b) -> escape(Values.text(v, b))),
            Map.entry("forceescape", (v, args, b) -> escape(Values.text(v, b))),
            Map.entry("first", (v, args, b) -> end(v, true)),
            Map.entry(
                    "float",
                    (v, args, b) ->
                            toFloat(v, args.bind("default").get("default").orElse(0.0))),
            Map.entry("indent", Filters::indent),
            Map.entry("int", Filters::toInt),
            Map.entry("items", Filters::items),
            Map.entry("join", Filters::join),
            Map.entry("last", (v, args, b) -> end(v, false)),
            Map.entry("length", (v, args, b) -> Items.length(v)),
            Map.entry("list", (v, args, b) -> new ArrayList<>(Items.of(v))),
            Map.entry("lower", (v, args, b) -> Strings.lower(Values.text(v, b))),
            Map.entry("map", Filters::map),
            Map.entry("max", (v, args, b) -> extreme(v, args, b, true)),
            Map.entry("min", (v, args, b) -> extreme(v, args, b, false)),
            Map.entry("reject", (v, args, b) -> select(v, args, b, false, false)),
            Map.entry("rejectattr", (v, args, b) -> select(v, args, b, true, false)),
            Map.entry("replace", Filters::replace),
            Map.entry("reverse", Filters::reverse),
            Map.entry("round", Filters::round),
            Map.entry("safe", (v, args, b) -> Values.text(v, b)),
            Map.entry("select", (v, args, b) -> select(v, args, b, false, true)),
            Map.entry("selectattr", (v, args, b) -> select(v, args, b, true, true)),
            Map.entry("sort", Filters::sort),
            Map.entry("string", (v, args, b) -> Values.text(v, b)),
            Map.entry("sum", Filters::sum),
            Map.entry("title", (v, args, b) -> title(Values.text(v, b))),
            Map.entry("tojson", ToJson::write),
            Map.entry("trim", Filters::trim),
            Map.entry("unique", Filters::unique),
            Map.entry("upper", (v, args, b) -> Strings.upper(Values.text(v, b))));

    private static final Map<String, Filter> FILTERS = Stream.of(OWN, TextFilters.FILTERS, ListFilters.FILTERS)
            .flatMap(filters -> filters.entrySet().stream())
            .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));

    private Filters() {}

    static boolean exists(String name) {
        return FILTERS.containsKey(name);
    }

    static Object apply(String name, Object value, Args args, Budget budget) {
        Filter filter = FILTERS.get(name);
        if (filter == null) {
            throw new Failure(
                    LEFT_OUT.contains(name)
                            ? "Jinja's filter '" + name + "' is not supported"
                            : "there is no filter '" + name + "'");
        }
        budget.spend(value instanceof String s ? s.length() / 8 : value instanceof List<?> list ? list.size() : 0);
        return filter.apply(value, args, budget);
    }

    private static Object attr(Object value, String name, Budget budget) {
        Values.refuse(value);
        Object found = Methods.find(value, name, budget);
        return found != null ? found : new Undefined("a " + Values.type(value) + " has no attribute '" + name + "'");
    }

    private static Object defaultTo(Object value, Args args, Budget budget) {
        Args.Bound bound = args.bind("default_value", "boolean");
        boolean replaced = value instanceof Undefined || (bound.flag("boolean") && !Values.isTrue(value));
        return replaced ? bound.get("default_value").orElse("") : value;
    }

    private static Object end(Object value, boolean first) {
        List<Object> items = Items.of(value);
        return items.isEmpty()
                ? new Undefined("no " + (first ? "first" : "last") + " item: the sequence is empty")
                : first ? items.getFirst() : items.getLast();
    }

    private static Object trim(Object value, Args args, Budget budget) {
        String text = Values.text(value, budget);
        String chars = args.bind("chars")
                .some("chars")
                .map(c -> Values.text(c, budget))
                .orElse("");
        return chars.isEmpty() ? Strings.strip(text) : Strings.strip(text, c -> chars.indexOf(c) >= 0, true, true);
    }

    private static Object replace(Object value, Args args, Budget budget) {
        Args.Bound bound = args.bind("old", "new", "count");
        long count = bound.some("count").map(Numbers::integer).orElse(-1L);
        String old = Values.text(bound.required("old"), budget);
        String with = Values.text(bound.required("new"), budget);
        return Strings.replace(Values.text(value, budget), old, with, count);
    }

    private static Object reverse(Object value, Args args, Budget budget) {
        if (value instanceof String text) {
            return new StringBuilder(text).reverse().toString();
        }
        List<Object> items = new ArrayList<>(Items.of(value));
        Collections.reverse(items);
        return items;
    }

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("'", "&#39;")
                .replace("\"", "&#34;");
    }

    /** Jinja's own: words begin behind white space, a dash or an opening bracket. */
    private static String title(String text) {
        StringBuilder out = new StringBuilder();
        for (int from = 0; from < text.length(); ) {
            int first = from + Character.charCount(text.codePointAt(from));
            boolean between = isTitleBreak(text.charAt(from));
            int to = first;
            while (to < text.length() && isTitleBreak(text.charAt(to)) == between) {
                to++;
            }
            out.append(Strings.upper(text.substring(from, first))).append(Strings.lower(text.substring(first, to)));
            from = to;
        }
        return out.toString();
    }

    private static boolean isTitleBreak(char c) {
        return Strings.isSpace(c) || "-({[<".indexOf(c) >= 0;
    }

    private static Object indent(Object value, Args args, Budget budget) {
        Args.Bound bound = args.bind("width", "first", "blank");
        String by = bound.get("width").orElse(4L) instanceof String s
                ? s
                : " ".repeat(Math.clamp(bound.integer("width", 4), 0, 1000));
        String text = Values.text(value, budget);
        List<Object> lines = Strings.lines(text + "\n", false);
        Budget.check(text.length() + (long) by.length() * lines.size());
        StringBuilder out = new StringBuilder(bound.flag("first") ? by : "");
        for (int i = 0; i < lines.size(); i++) {
            String line = (String) lines.get(i);
            out.append(i > 0 ? "\n" : "");
            out.append(i > 0 && (bound.flag("blank") || !line.isEmpty()) ? by : "")
                    .append(line);
        }
        return out.toString();
    }

    private static Object toInt(Object value, Args args, Budget budget) {
        Args.Bound bound = args.bind("default", "base");
        Object absent = bound.get("default").orElse(0L);
        return switch (value) {
            case String s ->
                TextNumbers.integer(s, Math.clamp(bound.integer("base", 10), -1, 37))
                        .or(() -> TextNumbers.real(s).filter(Double::isFinite).map(Filters::truncated))
                        .map(n -> (Object) Numbers.fitting(n))
                        .orElse(absent);
            case Double d when d.isInfinite() -> throw new Failure("an infinity is no whole number");
            case Double d -> d.isNaN() ? absent : (Object) Numbers.fitting(truncated(d));
            case Long _, Boolean _ -> Numbers.integer(value);
            default -> absent;
        };
    }

    private static BigInteger truncated(double value) {
        return new BigDecimal(value).toBigInteger();
    }

    static Object toFloat(Object value, Object absent) {
        return switch (value) {
            case String s -> TextNumbers.real(s).map(n -> (Object) n).orElse(absent);
            case Double _, Long _, Boolean _ -> Numbers.real(value);
            default -> absent;
        };
    }

    /** Python's round: the exact decimal value of the number, halves to even. */
    private static Object round(Object value, Args args, Budget budget) {
        Args.Bound bound = args.bind("precision", "method");
        int precision = Math.clamp(bound.integer("precision", 0), -400, 400);
        double number = Numbers.real(value);
        String method = bound.text("method", "common");
        if (!Set.of("common", "ceil", "floor").contains(method)) {
            throw new Failure("round has no method '" + method + "'");
        }
        if (method.equals("common")) {
            if (!(value instanceof Double)) {
                return BigDecimal.valueOf(Numbers.integer(value))
                        .setScale(precision, RoundingMode.HALF_EVEN)
                        .longValue();
            }
            return Double.isFinite(number)
                    ? Math.copySign(
                            new BigDecimal(number)
                                    .setScale(precision, RoundingMode.HALF_EVEN)
                                    .doubleValue(),
                            number)
                    : number;
        }
        double scale = Math.pow(10, precision);
        double whole = method.equals("ceil") ? Math.ceil(number * scale) : Math.floor(number * scale);
        return (whole == 0 ? 0 : whole) / scale;
    }

    private static Object items(Object value, Args args, Budget budget) {
        return switch (value) {
            case Undefined _ -> List.of();
            case Map<?, ?> map -> Methods.items(map);
            default -> throw new Failure("items needs a dict, found a " + Values.type(value));
        };
    }

    private static Object join(Object value, Args args, Budget budget) {
        Args.Bound bound = args.bind("d", "attribute");
        String separator = Values.text(bound.get("d").orElse(""), budget);
        Function<Object, Object> getter = getter(bound, budget);
        StringBuilder out = new StringBuilder();
        String before = "";
        for (Object item : Items.of(value)) {
            out.append(before).append(Values.text(getter.apply(item), budget));
            Budget.check(out.length());
            before = separator;
        }
        return out.toString();
    }

    /** What map and select go through: nothing where the value is false in any way, None too. */
    private static List<Object> itemsOrNone(Object value) {
        return Values.isTrue(value) ? Items.of(value) : List.of();
    }

    private static Object map(Object value, Args args, Budget budget) {
        List<Object> result = new ArrayList<>();
        if (args.positional().isEmpty() && args.named().containsKey("attribute")) {
            Args.Bound bound = args.bind("attribute", "default");
            Function<Object, Object> getter = getter(bound, budget);
            for (Object item : itemsOrNone(value)) {
                result.add(getter.apply(item));
            }
            return result;
        }
        Args rest = withoutFirst(args, "map needs a filter or an attribute");
        String name = Values.text(args.positional().getFirst(), budget);
        for (Object item : itemsOrNone(value)) {
            result.add(apply(name, item, rest, budget));
        }
        return result;
    }

    private static Args withoutFirst(Args args, String otherwise) {
        if (args.positional().isEmpty()) {
            throw new Failure(otherwise);
        }
        return new Args(args.positional().subList(1, args.positional().size()), args.named());
    }

    /** @param attribute whether the first argument names what is tested of each item */
    private static Object select(Object value, Args args, Budget budget, boolean attribute, boolean wanted) {
        Args rest = args;
        Function<Object, Object> getter = item -> item;
        if (attribute) {
            rest = withoutFirst(args, "selectattr and rejectattr need the name of an attribute");
            getter = path(args.positional().getFirst(), Optional.empty(), budget);
        }
        boolean tested = !rest.positional().isEmpty();
        String test = tested ? Values.text(rest.positional().getFirst(), budget) : "";
        Args arguments = tested ? withoutFirst(rest, "") : Args.NONE;
        List<Object> kept = new ArrayList<>();
        for (Object item : itemsOrNone(value)) {
            Object what = getter.apply(item);
            boolean holds = tested ? Tests.apply(test, what, arguments, budget) : Values.isTrue(what);
            if (holds == wanted) {
                kept.add(item);
            }
        }
        return kept;
    }

    private static Function<Object, Object> getter(Args.Bound bound, Budget budget) {
        Optional<Object> otherwise = bound.some("default");
        return bound.some("attribute").map(a -> path(a, otherwise, budget)).orElse(item -> item);
    }

    /**
     * {@code 'a.b.0'} of an item.
     *
     * @param otherwise stands for a step that is not there
     */
    static Function<Object, Object> path(Object attribute, Optional<Object> otherwise, Budget budget) {
        List<Object> steps = new ArrayList<>();
        for (String step : Values.text(attribute, budget).split("\\.", -1)) {
            steps.add(step.matches("\\d{1,9}") ? (Object) Long.parseLong(step) : step);
        }
        return item -> {
            Object value = item;
            for (Object step : steps) {
                value = Items.item(value, step, budget);
                value = value instanceof Undefined ? otherwise.orElse(value) : value;
            }
            return value;
        };
    }

    static Function<Object, Object> caseless(Function<Object, Object> getter, boolean caseSensitive) {
        return caseSensitive
                ? getter
                : getter.andThen(value -> value instanceof String text ? Strings.lower(text) : value);
    }

    private static Object sort(Object value, Args args, Budget budget) {
        Args.Bound bound = args.bind("reverse", "case_sensitive", "attribute");
        boolean caseSensitive = bound.flag("case_sensitive");
        List<Function<Object, Object>> keys = bound.some("attribute").stream()
                .flatMap(a -> Stream.of(Values.text(a, budget).split(",", -1)))
                .map(a -> caseless(path(a, Optional.empty(), budget), caseSensitive))
                .toList();
        Function<Object, Object> key = keys.isEmpty()
                ? caseless(item -> item, caseSensitive)
                : item -> keys.stream().map(k -> k.apply(item)).toList();
        return sorted(Items.of(value), key, bound.flag("reverse"), budget);
    }

    static List<Object> sorted(List<Object> items, Function<Object, Object> key, boolean reverse, Budget budget) {
        List<Object> sorted = new ArrayList<>(items);
        Comparator<Object> order = (a, b) -> {
            budget.spend(1);
            return Values.compare(key.apply(a), key.apply(b), budget);
        };
        sorted.sort(reverse ? order.reversed() : order);
        return sorted;
    }

    private static Object dictsort(Object value, Args args, Budget budget) {
        Args.Bound bound = args.bind("case_sensitive", "by", "reverse");
        long part = bound.text("by", "key").equals("value") ? 1 : 0;
        Function<Object, Object> key = pair -> Items.item(pair, part, budget);
        if (!(value instanceof Map<?, ?> map)) {
            throw new Failure("dictsort needs a dict, found a " + Values.type(value));
        }
        return sorted(Methods.items(map), caseless(key, bound.flag("case_sensitive")), bound.flag("reverse"), budget);
    }

    private static Object unique(Object value, Args args, Budget budget) {
        Args.Bound bound = args.bind("case_sensitive", "attribute");
        Function<Object, Object> key = caseless(getter(bound, budget), bound.flag("case_sensitive"));
        Set<Object> seen = new HashSet<>();
        List<Object> kept = new ArrayList<>();
        for (Object item : Items.of(value)) {
            if (seen.add(Items.key(key.apply(item)))) {
                kept.add(item);
            }
        }
        return kept;
    }

    private static Object extreme(Object value, Args args, Budget budget, boolean largest) {
        Args.Bound bound = args.bind("case_sensitive", "attribute");
        Function<Object, Object> key = caseless(getter(bound, budget), bound.flag("case_sensitive"));
        List<Object> items = Items.of(value);
        if (items.isEmpty()) {
            return new Undefined("no aggregated item: the sequence is empty");
        }
        Object best = items.getFirst();
        for (Object item : items) {
            int order = Values.compare(key.apply(item), key.apply(best), budget);
            best = (largest ? order > 0 : order < 0) ? item : best;
        }
        return best;
    }

    private static Object sum(Object value, Args args, Budget budget) {
        Args.Bound bound = args.bind("attribute", "start");
        Function<Object, Object> getter = getter(bound, budget);
        Object total = bound.get("start").orElse(0L);
        for (Object item : Items.of(value)) {
            total = Numbers.binary("+", total, getter.apply(item), budget);
        }
        return total;
    }
}
