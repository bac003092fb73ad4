package dev.fovea.text.jinja;

import java.math.BigInteger;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Python's {@code int(text, base)} and {@code float(text)}: what is no number of that kind is empty. */
final class TextNumbers {
    private static final Pattern FLOAT = Pattern.compile(
            "[+-]?(inf|infinity|nan|(\\d+(_\\d+)*\\.?(\\d+(_\\d+)*)?|\\.\\d+(_\\d+)*)(e[+-]?\\d+(_\\d+)*)?)");
    private static final Pattern GROUPED = Pattern.compile("[0-9a-z]+(_[0-9a-z]+)*");

    private TextNumbers() {}

    static Optional<BigInteger> integer(String text, int base) {
        String digits = plain(text);
        boolean negative = digits.startsWith("-");
        digits = negative || digits.startsWith("+") ? digits.substring(1) : digits;
        int radix = base;
        int own = digits.startsWith("0x") ? 16 : digits.startsWith("0o") ? 8 : digits.startsWith("0b") ? 2 : 0;
        if (own != 0 && (base == own || base == 0)) {
            radix = own;
            digits = digits.startsWith("_", 2) ? digits.substring(3) : digits.substring(2);
        } else if (base == 0) {
            if (digits.matches("0[0_]*[1-9_].*")) {
                return Optional.empty();
            }
            radix = 10;
        }
        if (radix < 2 || radix > 36 || !GROUPED.matcher(digits).matches()) {
            return Optional.empty();
        }
        try {
            BigInteger value = new BigInteger(digits.replace("_", ""), radix);
            return Optional.of(negative ? value.negate() : value);
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    static Optional<Double> real(String text) {
        String digits = plain(text);
        if (!FLOAT.matcher(digits).matches()) {
            return Optional.empty();
        }
        if (digits.endsWith("nan")) {
            return Optional.of(Double.NaN);
        }
        if (digits.contains("inf")) {
            return Optional.of(digits.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY);
        }
        return Optional.of(Double.parseDouble(digits.replace("_", "")));
    }

    /** Without space around it, in lower case, digits of any script as those of ASCII; a letter beyond ASCII is none in either. */
    private static String plain(String text) {
        StringBuilder out = new StringBuilder();
        Strings.strip(text).codePoints().forEach(c -> {
            int digit = Character.isDigit(c) ? Character.digit(c, 10) : -1;
            out.appendCodePoint(digit >= 0 ? '0' + digit : c);
        });
        return out.chars().allMatch(c -> c < 0x80) ? out.toString().toLowerCase(Locale.ROOT) : "";
    }
}
