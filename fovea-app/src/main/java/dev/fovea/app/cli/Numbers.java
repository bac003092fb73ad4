package dev.fovea.app.cli;

import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.TypeConversionException;

/** Numbers of a command line. */
final class Numbers {
    private static final Pattern WHOLE = Pattern.compile("[+-]?\\d+");
    private static final Pattern ANY = Pattern.compile("[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?");

    private Numbers() {}

    static void register(CommandLine line) {
        line.registerConverter(Integer.class, text -> (int) whole(text, Integer.MIN_VALUE, Integer.MAX_VALUE));
        line.registerConverter(int.class, text -> (int) whole(text, Integer.MIN_VALUE, Integer.MAX_VALUE));
        line.registerConverter(Long.class, text -> whole(text, Long.MIN_VALUE, Long.MAX_VALUE));
        line.registerConverter(long.class, text -> whole(text, Long.MIN_VALUE, Long.MAX_VALUE));
        line.registerConverter(Double.class, Numbers::any);
        line.registerConverter(double.class, Numbers::any);
    }

    private static long whole(String text, long least, long most) {
        if (!WHOLE.matcher(text).matches()) {
            throw new TypeConversionException("expected a whole number but was '" + text + "'");
        }
        try {
            long value = Long.parseLong(text);
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) { // beyond a long
        }
        throw new TypeConversionException(
                "expected a whole number from " + least + " to " + most + " but was '" + text + "'");
    }

    private static double any(String text) {
        double value = ANY.matcher(text).matches() ? Double.parseDouble(text) : Double.NaN;
        if (!Double.isFinite(value)) {
            throw new TypeConversionException("expected a number but was '" + text + "'");
        }
        return value;
    }
}
