package dev.fovea.text.jinja;

import java.math.BigInteger;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Python's {@code int(text, base)} and {@code float(text)}: what is no number of that kind is empty. */
final class TextNumbers {
    // possessive: a text may be as long as a message
    private static final String DIGITS = "\\d++(?:_\\d++)*+";
    private static final Pattern FLOAT = Pattern.compile("[+-]?+(?:inf|infinity|nan|(?:" + DIGITS + "\\.?+(?:" + DIGITS
            + ")?+|\\." + DIGITS + ")(?:e[+-]?+" + DIGITS + ")?+)");
    private static final Pattern GROUPED = Pattern.compile("[0-9a-z]++(?:_[0-9a-z]++)*+");

    /** Python reads no more in bases that are no power of two. */
    private static final int MOST_DIGITS = 4300;

    /** A number of so many digits fits no 64 bits in any base, whatever follows: then all of them are not worth reading. */
    private static final int BEYOND_LONG = 65;

    private TextNumbers() {}

    /** A number that does not fit 64 bits may be another of that kind. */
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
        Optional<BigInteger> value = value(digits.replace("_", ""), radix);
        return negative ? value.map(BigInteger::negate) : value;
    }

    private static Optional<BigInteger> value(String digits, int radix) {
        boolean tooMany = digits.length() > MOST_DIGITS && Integer.bitCount(radix) > 1;
        if (tooMany || digits.chars().anyMatch(c -> Character.digit(c, radix) < 0)) {
            return Optional.empty();
        }
        int first = 0;
        while (first < digits.length() - 1 && digits.charAt(first) == '0') {
            first++;
        }
        int end = Math.min(digits.length(), first + BEYOND_LONG);
        return Optional.of(new BigInteger(digits.substring(first, end), radix));
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
