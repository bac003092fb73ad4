package dev.fovea.text.jinja;

import dev.fovea.text.jinja.TemplateException.Failure;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How str.format lays out one value: Python's format specification mini-language.
 *
 * @param fill what a value is filled up with
 * @param align {@code <}, {@code >}, {@code ^}, {@code =} or 0 where none is given
 * @param sign {@code +}, space or {@code -}
 * @param width in characters; the value may be longer
 * @param grouping {@code ,}, {@code _} or 0
 * @param precision -1 where none is given
 * @param type a letter or 0
 */
record FormatSpec(
        String fill, char align, char sign, boolean alternate, int width, char grouping, int precision, char type) {

    /** Digits behind the point that are still computed. */
    static final int MAX_PRECISION = 10_000;

    private static final Pattern FORM = Pattern.compile(
            "(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\\d{1,9})?([,_])?(?:\\.(\\d{1,9}))?([bcdeEfFgGnosxX%])?",
            Pattern.DOTALL);

    static FormatSpec parse(String text) {
        Matcher m = FORM.matcher(text);
        if (!m.matches()) {
            throw new Failure("invalid format specifier '" + text + "'");
        }
        boolean zero = m.group(5) != null;
        return new FormatSpec(
                m.group(1) != null ? m.group(1) : zero && m.group(2) == null ? "0" : " ",
                m.group(2) != null ? m.group(2).charAt(0) : zero ? '0' : 0,
                m.group(3) != null ? m.group(3).charAt(0) : '-',
                m.group(4) != null,
                (int) number(m.group(6), 0),
                m.group(7) != null ? m.group(7).charAt(0) : 0,
                (int) number(m.group(8), -1),
                m.group(9) != null ? m.group(9).charAt(0) : 0);
    }

    private static long number(String digits, long otherwise) {
        long number = digits == null ? otherwise : Long.parseLong(digits);
        Budget.check(number);
        return number;
    }

    private boolean isEmpty() {
        return equals(new FormatSpec(" ", (char) 0, '-', false, 0, (char) 0, -1, (char) 0));
    }

    String format(Object value, Budget budget) {
        return switch (value) {
            case String text -> text(text);
            case Boolean b when isEmpty() -> Values.text(b, budget);
            case Boolean b -> integer(b ? 1 : 0);
            case Long n -> integer(n);
            case Double d -> real(d);
            default -> {
                if (!isEmpty()) {
                    throw new Failure("a " + Values.type(value) + " takes no format specifier");
                }
                yield Values.text(value, budget);
            }
        };
    }

    private String text(String text) {
        if ((type != 0 && type != 's') || sign != '-' || alternate || grouping != 0 || align == '=') {
            throw new Failure("invalid format specifier for a text");
        }
        int length = text.codePointCount(0, text.length());
        String kept =
                precision >= 0 && precision < length ? text.substring(0, text.offsetByCodePoints(0, precision)) : text;
        return padded("", kept, '<');
    }

    private String integer(long n) {
        if (type != 0 && "eEfFgG%".indexOf(type) >= 0) {
            return real((double) n);
        }
        if (precision >= 0 || type == 's') {
            throw new Failure("invalid format specifier for a whole number");
        }
        if (type == 'c') {
            if (!Character.isValidCodePoint((int) n) || n != (int) n) {
                throw new Failure("there is no character " + n);
            }
            return padded("", Character.toString((int) n), '<');
        }
        int radix = type == 'b' ? 2 : type == 'o' ? 8 : type == 'x' || type == 'X' ? 16 : 10;
        String digits = Long.toString(n, radix).replace("-", "");
        String prefix = alternate && radix != 10 ? "0" + type : "";
        return number(n < 0, prefix, type == 'X' ? digits.toUpperCase(Locale.ROOT) : digits, radix == 10 ? 3 : 4);
    }

    private String real(double value) {
        if (type != 0 && "eEfFgG%n".indexOf(type) < 0) {
            throw new Failure("invalid format specifier for a number with a fraction");
        }
        double size = Math.abs(type == '%' ? value * 100 : value);
        String digits = Double.isFinite(size) ? finite(size) : Double.isNaN(size) ? "nan" : "inf";
        digits = Character.isUpperCase(type) ? digits.toUpperCase(Locale.ROOT) : digits;
        boolean negative = value < 0 || (value == 0 && 1 / value < 0);
        return number(negative, "", type == '%' ? digits + "%" : digits, 3);
    }

    private String finite(double size) {
        int places = precision < 0 ? 6 : precision;
        return switch (Character.toLowerCase(type)) {
            case 'f', '%' -> Decimals.fixed(size, places, alternate);
            case 'e' -> Decimals.exponent(size, places, alternate);
            case 'g', 'n' -> Decimals.general(size, places, alternate, false);
            default -> precision < 0 ? Numbers.repr(size) : Decimals.general(size, precision, alternate, true);
        };
    }

    private String number(boolean negative, String prefix, String digits, int group) {
        String before = (negative ? "-" : sign == '-' ? "" : String.valueOf(sign)) + prefix;
        if (grouping == 0) {
            return padded(before, digits, '>');
        }
        int whole = 0;
        while (whole < digits.length() && Character.digit(digits.charAt(whole), 16) >= 0) {
            whole++;
        }
        String rest = digits.substring(whole);
        String grouped = grouped(digits.substring(0, whole), group);
        while (align == '0' && before.length() + grouped.length() + rest.length() < width) {
            digits = "0" + digits;
            whole++;
            grouped = grouped(digits.substring(0, whole), group);
        }
        return padded(before, grouped + rest, '>');
    }

    private String grouped(String digits, int group) {
        StringBuilder out = new StringBuilder(digits);
        for (int at = digits.length() - group; at > 0; at -= group) {
            out.insert(at, grouping);
        }
        return out.toString();
    }

    private String padded(String before, String text, char otherwise) {
        int length = before.length() + text.codePointCount(0, text.length());
        int missing = Math.max(0, width - length);
        char where = align == 0 ? otherwise : align == '0' ? (otherwise == '<' ? '<' : '=') : align;
        int left = where == '<' ? 0 : where == '^' ? missing / 2 : missing;
        return where == '='
                ? before + fill.repeat(missing) + text
                : fill.repeat(left) + before + text + fill.repeat(missing - left);
    }
}
