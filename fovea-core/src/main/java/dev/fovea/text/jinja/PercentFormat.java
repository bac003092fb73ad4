package dev.fovea.text.jinja;

import dev.fovea.text.jinja.TemplateException.Failure;
import dev.fovea.text.jinja.Values.Tuple;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code text % values}, as C's printf. */
final class PercentFormat {
    private static final Pattern FIELD = Pattern.compile(
            "%(?:\\(([^()]*)\\))?([-+ #0]*)(\\*|\\d{1,9})?(?:\\.(\\*|\\d{0,9}))?[hlL]?(.)?", Pattern.DOTALL);

    private final Object given;
    private final List<Object> values;
    private final Budget budget;
    private int next;

    private PercentFormat(Object given, Budget budget) {
        this.given = given;
        this.values = given instanceof Tuple tuple ? tuple.items() : List.of(given);
        this.budget = budget;
    }

    /** @param given a tuple of values, a dict of named ones, or one value */
    static String format(String template, Object given, Budget budget) {
        return new PercentFormat(given, budget).format(template);
    }

    private String format(String template) {
        StringBuilder out = new StringBuilder();
        Matcher field = FIELD.matcher(template);
        int at = 0;
        while (field.find(at)) {
            out.append(template, at, field.start()).append(one(field));
            at = field.end();
            budget.spend(1);
            Budget.check(out.length());
        }
        out.append(template, at, template.length());
        boolean container = given instanceof Map || given instanceof List;
        if (next < values.size() && !container) {
            throw new Failure("a percent format has too many values");
        }
        return out.toString();
    }

    private String one(Matcher field) {
        String flags = field.group(2);
        if (field.group(5) == null) {
            throw new Failure("a percent format ends inside a field");
        }
        char type = field.group(5).charAt(0);
        if (type == '%') {
            return "%";
        }
        if (field.group(1) != null && !(given instanceof Map)) {
            throw new Failure("a format that names its values needs a dict");
        }
        int width = size(field.group(3), 0);
        boolean left = flags.contains("-") || width < 0;
        int precision = size(field.group(4), -1);
        Object value = field.group(1) != null ? named(field.group(1)) : next();
        String sign = flags.contains("+") ? "+" : flags.contains(" ") ? " " : "";
        boolean alternate = flags.contains("#");
        return switch (type) {
            case 's', 'r', 'a' -> padded("", cut(text(value, type), precision), Math.abs(width), left, false);
            case 'c' -> padded("", character(value), Math.abs(width), left, false);
            case 'd', 'i', 'u', 'o', 'x', 'X' -> {
                String digits = digits(value, type);
                String before = (digits.startsWith("-") ? "-" : sign)
                        + (alternate && "oxX".indexOf(type) >= 0 ? "0" + type : "");
                String bare = digits.replace("-", "");
                Budget.check(precision);
                yield padded(
                        before,
                        "0".repeat(Math.max(0, precision - bare.length())) + bare,
                        Math.abs(width),
                        left,
                        flags.contains("0"));
            }
            case 'e', 'E', 'f', 'F', 'g', 'G' -> {
                double number = Numbers.real(value);
                FormatSpec spec =
                        new FormatSpec(" ", (char) 0, '-', alternate, 0, (char) 0, precision < 0 ? 6 : precision, type);
                String digits = spec.format(number, budget);
                yield padded(
                        digits.startsWith("-") ? "-" : sign,
                        digits.replaceFirst("^-", ""),
                        Math.abs(width),
                        left,
                        flags.contains("0"));
            }
            default -> throw new Failure("a percent format has the unknown type '" + type + "'");
        };
    }

    private int size(String text, int otherwise) {
        long size = text == null
                ? otherwise
                : text.isEmpty() ? 0 : text.equals("*") ? Numbers.integer(next()) : Long.parseLong(text);
        Budget.check(Math.abs(size));
        return (int) size;
    }

    private Object next() {
        if (next == values.size()) {
            throw new Failure("a percent format has too few values");
        }
        return values.get(next++);
    }

    private Object named(String name) {
        Object value = ((Map<?, ?>) given).get(name);
        if (value == null) {
            throw new Failure("a percent format names '" + name + "', which it is not given");
        }
        return value;
    }

    private String text(Object value, char type) {
        return type == 's' ? Values.text(value, budget) : Values.repr(value, type == 'a', budget);
    }

    private static String cut(String text, int precision) {
        int length = text.codePointCount(0, text.length());
        return precision >= 0 && precision < length ? text.substring(0, text.offsetByCodePoints(0, precision)) : text;
    }

    private static String character(Object value) {
        if (value instanceof String text && text.codePointCount(0, text.length()) == 1) {
            return text;
        }
        long code = Numbers.integer(value);
        if (code < 0 || code > Character.MAX_CODE_POINT) {
            throw new Failure("there is no character " + code);
        }
        return Character.toString((int) code);
    }

    private static String digits(Object value, char type) {
        boolean decimal = "diu".indexOf(type) >= 0;
        if (value instanceof Double d && decimal && Math.abs(d) < 0x1p63) {
            return Long.toString(d.longValue());
        }
        String digits = Long.toString(Numbers.integer(value), decimal ? 10 : type == 'o' ? 8 : 16);
        return type == 'X' ? digits.toUpperCase(Locale.ROOT) : digits;
    }

    private static String padded(String before, String text, int width, boolean left, boolean zeros) {
        int missing = Math.max(0, width - before.length() - text.codePointCount(0, text.length()));
        if (left) {
            return before + text + " ".repeat(missing);
        }
        return zeros ? before + "0".repeat(missing) + text : " ".repeat(missing) + before + text;
    }
}
