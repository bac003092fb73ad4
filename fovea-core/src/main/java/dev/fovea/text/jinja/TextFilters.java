package dev.fovea.text.jinja;

import dev.fovea.text.jinja.Filters.Filter;
import dev.fovea.text.jinja.TemplateException.Failure;
import dev.fovea.text.jinja.Values.Tuple;
import dev.fovea.text.jinja.Values.Undefined;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The filters that lay out a text. */
final class TextFilters {
    static final Map<String, Filter> FILTERS = Map.of(
            "center", TextFilters::center,
            "filesizeformat", TextFilters::fileSize,
            "format", TextFilters::format,
            "truncate", TextFilters::truncate,
            "urlencode", TextFilters::urlEncode,
            "wordcount", TextFilters::wordCount,
            "wordwrap", TextFilters::wordWrap,
            "xmlattr", TextFilters::xmlAttributes);

    private static final Pattern WORD = Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern NO_NAME = Pattern.compile("[\\s/>=]");
    private static final long LEEWAY = 5;

    private TextFilters() {}

    private static Object center(Object value, Args args, Budget budget) {
        String text = Values.text(value, budget);
        return Strings.center(text, args.bind("width").integer("width", 80), " ");
    }

    private static Object format(Object value, Args args, Budget budget) {
        if (!args.positional().isEmpty() && !args.named().isEmpty()) {
            throw new Failure("format takes values with names or without, not both");
        }
        Object given = args.named().isEmpty() ? new Tuple(args.positional()) : args.named();
        return PercentFormat.format(Values.text(value, budget), given, budget);
    }

    private static Object truncate(Object value, Args args, Budget budget) {
        Args.Bound bound = args.bind("length", "killwords", "end", "leeway");
        String text = Values.text(value, budget);
        long length = bound.integer("length", 255);
        String end = bound.text("end", "...");
        long leeway = bound.some("leeway").map(Numbers::integer).orElse(LEEWAY);
        long kept = length - Items.length(end);
        if (kept < 0 || leeway < 0) {
            throw new Failure("truncate needs a length of at least that of its end, and no leeway below 0");
        }
        if (Items.length(text) <= length + leeway) {
            return text;
        }
        String cut = Strings.substring(text, 0, kept);
        int space = cut.lastIndexOf(' ');
        return (bound.flag("killwords") || space < 0 ? cut : cut.substring(0, space)) + end;
    }

    private static Object wordCount(Object value, Args args, Budget budget) {
        return WORD.matcher(Values.text(value, budget)).results().count();
    }

    private static Object wordWrap(Object value, Args args, Budget budget) {
        Args.Bound bound = args.bind("width", "break_long_words", "wrapstring", "break_on_hyphens");
        if (!(value instanceof String text)) {
            throw new Failure("wordwrap needs a text, found a " + Values.type(value));
        }
        WordWrap wrap = new WordWrap(
                bound.integer("width", 79),
                bound.get("break_long_words").map(Values::isTrue).orElse(true),
                bound.get("break_on_hyphens").map(Values::isTrue).orElse(true));
        String between =
                bound.some("wrapstring").map(w -> Values.text(w, budget)).orElse("\n");
        List<String> paragraphs = new ArrayList<>();
        long length = 0;
        for (Object paragraph : Strings.lines(text, false)) {
            List<String> lines = wrap.lines((String) paragraph);
            length += ((String) paragraph).length() + (long) between.length() * (lines.size() + 1);
            Budget.check(length);
            paragraphs.add(String.join(between, lines));
        }
        return String.join(between, paragraphs);
    }

    /** Attributes of a tag; those without a value are left out. */
    private static Object xmlAttributes(Object value, Args args, Budget budget) {
        boolean space =
                args.bind("autospace").get("autospace").map(Values::isTrue).orElse(true);
        if (!(value instanceof Map<?, ?> map)) {
            throw new Failure("xmlattr needs a mapping, found a " + Values.type(value));
        }
        StringBuilder out = new StringBuilder();
        map.forEach((key, given) -> {
            if (given != Values.None.NONE && !(given instanceof Undefined)) {
                if (!(key instanceof String name) || NO_NAME.matcher(name).find()) {
                    throw new Failure("xmlattr needs names without white space, /, > and =");
                }
                String pair = Filters.escape(name) + "=\"" + Filters.escape(Values.text(given, budget)) + "\"";
                out.append(out.isEmpty() && !space ? "" : " ").append(pair);
            }
        });
        return out.toString();
    }

    private static Object fileSize(Object value, Args args, Budget budget) {
        boolean binary = args.bind("binary").flag("binary");
        double bytes = value instanceof String s ? (double) Filters.toFloat(s, 0.0) : Numbers.real(value);
        int base = binary ? 1024 : 1000;
        if (bytes == 1) {
            return "1 Byte";
        }
        if (bytes < base) {
            return (long) bytes + " Bytes";
        }
        double unit = base;
        int letter = 0;
        while (letter < 7 && bytes >= unit * base) {
            unit *= base;
            letter++;
        }
        String name = (binary ? "KMGTPEZY" : "kMGTPEZY").charAt(letter) + (binary ? "iB" : "B");
        return Decimals.fixed(bytes / unit, 1, false) + " " + name;
    }

    /** A text, its slashes kept; or pairs, as the query of an address. */
    private static Object urlEncode(Object value, Args args, Budget budget) {
        return switch (value) {
            case Map<?, ?> map -> query(Methods.items(map), budget);
            case List<?> _, Tuple _ -> query(Items.of(value), budget);
            default -> encoded(Values.text(value, budget)).replace("%2F", "/").replace("+", "%20");
        };
    }

    private static String query(List<Object> pairs, Budget budget) {
        return pairs.stream()
                .map(pair -> {
                    List<Object> parts = Items.of(pair);
                    if (parts.size() != 2) {
                        throw new Failure("urlencode needs a text or pairs");
                    }
                    return encoded(Values.text(parts.getFirst(), budget)) + "="
                            + encoded(Values.text(parts.getLast(), budget));
                })
                .collect(Collectors.joining("&"));
    }

    /** As Python's quote_plus: it leaves the tilde and encodes the asterisk. */
    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8)
                .replace("*", "%2A")
                .replace("%7E", "~");
    }
}
