package dev.fovea.text.jinja;

import dev.fovea.text.jinja.TemplateException.Failure;
import dev.fovea.text.jinja.TemplateException.Raised;
import dev.fovea.text.jinja.Values.Attributes;
import dev.fovea.text.jinja.Values.Callable;
import dev.fovea.text.jinja.Values.Namespace;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The functions that every template has. */
final class Globals {
    /** Jinja's sandbox allows no longer range. */
    private static final long MAX_RANGE = 100_000;

    /** The directives of C's strftime and what they are in Java. */
    private static final Map<Character, String> DIRECTIVES = Map.ofEntries(
            Map.entry('a', "EEE"),
            Map.entry('A', "EEEE"),
            Map.entry('b', "MMM"),
            Map.entry('B', "MMMM"),
            Map.entry('d', "dd"),
            Map.entry('e', "ppd"),
            Map.entry('f', "SSSSSS"),
            Map.entry('F', "uuuu-MM-dd"),
            Map.entry('H', "HH"),
            Map.entry('I', "hh"),
            Map.entry('j', "DDD"),
            Map.entry('m', "MM"),
            Map.entry('M', "mm"),
            Map.entry('p', "a"),
            Map.entry('S', "ss"),
            Map.entry('T', "HH:mm:ss"),
            Map.entry('y', "uu"),
            Map.entry('Y', "uuuu"));

    static final Map<String, Callable> FUNCTIONS = Map.of(
            "raise_exception", Globals::raise,
            "strftime_now", Globals::strftimeNow,
            "cycler", Stateful.Cycler::new,
            "joiner", Stateful.Joiner::new,
            "namespace", args -> new Namespace(namespace(args)),
            "dict", new Dict(),
            "range", Globals::range);

    private Globals() {}

    private static Object raise(Args args) {
        throw new Raised(Values.text(args.bind("message").required("message"), new Budget()));
    }

    private static Object strftimeNow(Args args) {
        return strftime(args.bind("format").text("format"), ZonedDateTime.now(ZoneId.systemDefault()));
    }

    /** {@code %-d} is {@code %d} without its zero, as in glibc. */
    static String strftime(String format, ZonedDateTime time) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 == format.length()) {
                out.append(c);
                continue;
            }
            boolean bare = format.charAt(i + 1) == '-' && i + 2 < format.length();
            i += bare ? 2 : 1;
            String pattern = DIRECTIVES.get(format.charAt(i));
            if (pattern == null && format.charAt(i) != '%') {
                throw new Failure("strftime_now does not know %" + format.charAt(i));
            }
            String text = pattern == null
                    ? "%"
                    : DateTimeFormatter.ofPattern(pattern, Locale.US).format(time);
            out.append(bare ? text.replaceFirst("^[0 ]+(?=.)", "") : text);
        }
        return out.toString();
    }

    /** transformers lets no template store a name that Python keeps for itself. */
    private static Map<Object, Object> namespace(Args args) {
        Map<Object, Object> attributes = dict(args);
        attributes.keySet().forEach(name -> checkName(String.valueOf(name)));
        return attributes;
    }

    static void checkName(String name) {
        if (name.startsWith("_")) {
            throw new Failure("a namespace cannot hold '" + name + "': its name begins with an underscore");
        }
    }

    /** The type of dicts: it makes them, and has one method. */
    private static final class Dict implements Callable, Attributes {
        @Override
        public Object call(Args args) {
            return dict(args);
        }

        @Override
        public @Nullable Object attribute(String name) {
            return Methods.find(Map.of(), name.equals("fromkeys") ? name : "", new Budget());
        }
    }

    private static Map<Object, Object> dict(Args args) {
        Map<Object, Object> dict = new LinkedHashMap<>();
        for (Object given : args.positional()) {
            if (given instanceof Map<?, ?> map) {
                dict.putAll(map);
            } else {
                for (Object pair : Items.of(given)) {
                    List<Object> parts = Items.of(pair);
                    if (parts.size() != 2) {
                        throw new Failure("dict needs pairs");
                    }
                    dict.put(Items.key(parts.getFirst()), parts.getLast());
                }
            }
        }
        dict.putAll(args.named());
        return dict;
    }

    private static Object range(Args args) {
        List<Object> given = args.positional();
        if (given.isEmpty() || given.size() > 3 || !args.named().isEmpty()) {
            throw new Failure("range takes one to three numbers");
        }
        long start = given.size() == 1 ? 0 : Numbers.integer(given.get(0));
        long stop = Numbers.integer(given.get(given.size() == 1 ? 0 : 1));
        long step = given.size() == 3 ? Numbers.integer(given.get(2)) : 1;
        if (step == 0) {
            throw new Failure("the step of range cannot be zero");
        }
        List<Object> numbers = new ArrayList<>();
        for (long n = start; step > 0 ? n < stop : n > stop; n = Math.addExact(n, step)) {
            if (numbers.size() >= MAX_RANGE) {
                throw new Failure("the range is longer than " + MAX_RANGE);
            }
            numbers.add(n);
        }
        return numbers;
    }
}
