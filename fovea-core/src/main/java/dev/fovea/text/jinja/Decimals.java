package dev.fovea.text.jinja;

import dev.fovea.text.jinja.TemplateException.Failure;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/** Numbers with a given count of digits, exact and halves to even, as Python writes them. No number here is negative. */
final class Decimals {
    private Decimals() {}

    /** @param point whether the point stays where nothing follows it */
    static String fixed(double value, int places, boolean point) {
        check(places);
        String text =
                new BigDecimal(value).setScale(places, RoundingMode.HALF_EVEN).toPlainString();
        return places == 0 && point ? text + "." : text;
    }

    static String exponent(double value, int places, boolean point) {
        check(places);
        BigDecimal rounded = rounded(value, places + 1);
        String digits = rounded.unscaledValue().toString();
        digits = value == 0 ? "0".repeat(places + 1) : digits + "0".repeat(Math.max(0, places + 1 - digits.length()));
        int exponent = value == 0 ? 0 : magnitude(rounded);
        String fraction = places > 0 ? "." + digits.substring(1) : point ? "." : "";
        return digits.charAt(0) + fraction + power(exponent);
    }

    /**
     * Significant digits without zeros at the end; with an exponent where the number is small or has more digits.
     *
     * @param point whether zeros at the end stay
     * @param real whether a whole number keeps its {@code .0}
     */
    static String general(double value, int significant, boolean point, boolean real) {
        int digits = Math.max(1, significant);
        check(digits);
        int exponent = value == 0 ? 0 : magnitude(rounded(value, digits));
        boolean plain = exponent >= -4 && exponent < (real ? digits - 1 : digits);
        if (!plain) {
            String text = exponent(value, digits - 1, point);
            int e = text.indexOf('e');
            return point ? text : trimmed(text.substring(0, e)) + text.substring(e);
        }
        String text = fixed(value, Math.max(0, digits - 1 - exponent), point);
        String kept = point ? text : trimmed(text);
        return real && kept.indexOf('.') < 0 ? kept + ".0" : kept;
    }

    private static String trimmed(String text) {
        return text.indexOf('.') < 0 ? text : text.replaceFirst("\\.?0*$", "");
    }

    private static BigDecimal rounded(double value, int digits) {
        return new BigDecimal(value).round(new MathContext(digits, RoundingMode.HALF_EVEN));
    }

    private static int magnitude(BigDecimal value) {
        return value.precision() - value.scale() - 1;
    }

    private static String power(int exponent) {
        int size = Math.abs(exponent);
        return (exponent < 0 ? "e-" : "e+") + (size < 10 ? "0" : "") + size;
    }

    private static void check(int places) {
        if (places > FormatSpec.MAX_PRECISION) {
            throw new Failure("a number is to have " + places + " digits; at most " + FormatSpec.MAX_PRECISION);
        }
    }
}
