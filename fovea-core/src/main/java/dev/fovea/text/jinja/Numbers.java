package dev.fovea.text.jinja;

import dev.fovea.text.jinja.TemplateException.Failure;
import dev.fovea.text.jinja.Values.Tuple;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Python's arithmetic: whole numbers stay whole, division rounds down, booleans count. Whole numbers are of 64 bits. */
final class Numbers {
    private Numbers() {}

    static boolean isNumber(Object value) {
        return value instanceof Long || value instanceof Double || value instanceof Boolean;
    }

    /** A literal of the template. */
    static long integer(String literal, int line) {
        String digits = literal.replace("_", "").toLowerCase(Locale.ROOT);
        int radix = digits.startsWith("0x") ? 16 : digits.startsWith("0o") ? 8 : digits.startsWith("0b") ? 2 : 10;
        try {
            return Long.parseLong(radix == 10 ? digits : digits.substring(2), radix);
        } catch (NumberFormatException e) {
            throw new TemplateException(line, "the number " + literal + " is too large");
        }
    }

    static long integer(Object value) {
        return switch (value) {
            case Long n -> n;
            case Boolean b -> b ? 1 : 0;
            default -> {
                Values.refuse(value);
                throw new Failure("expected a whole number, found a " + Values.type(value));
            }
        };
    }

    static double real(Object value) {
        return value instanceof Double d ? d : integer(value);
    }

    static int compare(Object a, Object b) {
        if (a instanceof Double || b instanceof Double) {
            double x = real(a);
            double y = real(b);
            return x == y ? 0 : x < y ? -1 : 1;
        }
        return Long.compare(integer(a), integer(b));
    }

    /** The number or its negative; a whole number for a boolean. */
    static Object signed(boolean negative, Object value) {
        if (value instanceof Double d) {
            return negative ? -d : d;
        }
        return negative ? integers("-", 0, integer(value)) : (Object) integer(value);
    }

    static Object binary(String operator, Object a, Object b, Budget budget) {
        Values.refuse(a);
        Values.refuse(b);
        if (isNumber(a) && isNumber(b)) {
            return a instanceof Double || b instanceof Double || operator.equals("/")
                    ? (Object) reals(operator, real(a), real(b))
                    : integers(operator, integer(a), integer(b));
        }
        return switch (operator) {
            case "%" -> a instanceof String text ? PercentFormat.format(text, b, budget) : unsupported(operator, a, b);
            case "+" -> concatenate(a, b, budget);
            case "*" ->
                a instanceof Long || a instanceof Boolean
                        ? repeat(b, integer(a), budget)
                        : b instanceof Long || b instanceof Boolean
                                ? repeat(a, integer(b), budget)
                                : unsupported(operator, a, b);
            default -> unsupported(operator, a, b);
        };
    }

    private static Object unsupported(String operator, Object a, Object b) {
        throw new Failure("cannot compute " + Values.type(a) + " " + operator + " " + Values.type(b));
    }

    private static Object integers(String operator, long a, long b) {
        if (b == 0 && (operator.equals("//") || operator.equals("%"))) {
            throw new Failure("division by zero");
        }
        try {
            return switch (operator) {
                case "+" -> Math.addExact(a, b);
                case "-" -> Math.subtractExact(a, b);
                case "*" -> Math.multiplyExact(a, b);
                case "//" -> Math.floorDivExact(a, b);
                case "%" -> Math.floorMod(a, b);
                default -> b < 0 ? (Object) reals("**", (double) a, (double) b) : (Object) power(a, b);
            };
        } catch (ArithmeticException e) {
            throw tooLarge();
        }
    }

    private static Failure tooLarge() {
        return new Failure("a whole number does not fit 64 bits");
    }

    static long fitting(BigInteger value) {
        if (value.bitLength() > 63) {
            throw tooLarge();
        }
        return value.longValue();
    }

    private static long power(long base, long exponent) {
        if (base == 0 || base == 1 || base == -1) {
            return exponent == 0 ? 1 : base == -1 && exponent % 2 == 0 ? 1 : base;
        }
        if (exponent > 63) {
            throw new ArithmeticException("overflow");
        }
        return BigInteger.valueOf(base).pow((int) exponent).longValueExact();
    }

    private static double reals(String operator, double a, double b) {
        return switch (operator) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "/" -> a / nonZero(b);
            case "//" -> floored(a, nonZero(b));
            case "%" -> {
                double remainder = a % nonZero(b);
                yield remainder == 0 ? Math.copySign(0, b) : remainder < 0 != b < 0 ? remainder + b : remainder;
            }
            default -> power(a, b);
        };
    }

    /** Python's floor of a / b: by the remainder, which is exact. */
    private static double floored(double a, double b) {
        double remainder = a % b;
        double quotient = (a - remainder) / b;
        quotient -= remainder != 0 && remainder < 0 != b < 0 ? 1 : 0;
        if (quotient == 0) {
            return Math.copySign(0, a / b);
        }
        double floor = Math.floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    private static double power(double a, double b) {
        if (a == 0 && b < 0) {
            throw new Failure("0 cannot be raised to a negative power");
        }
        double power = Math.pow(a, b);
        if (Double.isNaN(power) && !Double.isNaN(a) && !Double.isNaN(b)) {
            throw new Failure("a power of a negative number is no real number");
        }
        if (Double.isInfinite(power) && Double.isFinite(a) && Double.isFinite(b)) {
            throw new Failure("a power is too large");
        }
        return power;
    }

    private static double nonZero(double value) {
        if (value == 0) {
            throw new Failure("division by zero");
        }
        return value;
    }

    private static Object concatenate(Object a, Object b, Budget budget) {
        if (a instanceof String x && b instanceof String y) {
            budget.length((long) x.length() + y.length());
            return x + y;
        }
        boolean tuples = a instanceof Tuple && b instanceof Tuple;
        if (!tuples && !(a instanceof List && b instanceof List)) {
            return unsupported("+", a, b);
        }
        List<Object> both = new ArrayList<>(Items.of(a));
        budget.length(both.size() + Items.length(b));
        both.addAll(Items.of(b));
        return tuples ? new Tuple(both) : both;
    }

    private static Object repeat(Object value, long times, Budget budget) {
        long count = Math.max(0, times);
        if (!(value instanceof String || value instanceof List || value instanceof Tuple)) {
            return unsupported("*", value, times);
        }
        long length = value instanceof String s ? s.length() : Items.length(value);
        int bounded = length == 0 ? 0 : (int) Math.min(count, Budget.MAX_LENGTH + 1L);
        budget.length(length * bounded);
        if (value instanceof String s) {
            return s.repeat(bounded);
        }
        List<Object> items = new ArrayList<>();
        for (int i = 0; i < bounded; i++) {
            items.addAll(Items.of(value));
        }
        return value instanceof Tuple ? new Tuple(items) : items;
    }

    /** The shortest decimal that reads back as this number, in Python's spelling. */
    static String repr(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        if (value == 0) {
            return 1 / value > 0 ? "0.0" : "-0.0";
        }
        BigDecimal decimal = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        BigDecimal oneDigit = decimal.round(new MathContext(1)); // Java writes two at least: 4.9E-324, not 5E-324
        decimal = oneDigit.doubleValue() == value ? oneDigit.stripTrailingZeros() : decimal;
        int exponent = decimal.precision() - decimal.scale() - 1;
        if (exponent >= -4 && exponent < 16) {
            String plain = decimal.toPlainString();
            return plain.contains(".") ? plain : plain + ".0";
        }
        String digits = decimal.unscaledValue().abs().toString();
        String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
        String power = Math.abs(exponent) < 10 ? "0" + Math.abs(exponent) : "" + Math.abs(exponent);
        return (value < 0 ? "-" : "") + digits.charAt(0) + fraction + "e" + (exponent < 0 ? "-" : "+") + power;
    }
}
