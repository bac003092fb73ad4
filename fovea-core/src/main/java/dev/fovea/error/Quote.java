package dev.fovea.error;

import java.util.regex.Pattern;

/**
 * Values from elsewhere in messages: names of files, strings of checkpoints, addresses, replies of servers. What could steer a
 * terminal is shown as its code, what is long is cut, and what an address says in confidence is left out.
 */
public final class Quote {
    /** Characters of a value that a message shows. */
    private static final int SHOWN = 120;

    /** User and password of an address, and all of its query: tokens and signatures stand there. */
    private static final Pattern USER = Pattern.compile("(?<=^[A-Za-z][A-Za-z0-9+.-]{0,30}://)[^/?#\\s]*@");

    private static final Pattern QUERY =
            Pattern.compile("^([A-Za-z][A-Za-z0-9+.-]*://[^?#\\s]*)[?#].*", Pattern.DOTALL);
    private static final Pattern DATA = Pattern.compile("^(data:[^,]{0,60}),.*", Pattern.DOTALL);

    private Quote() {}

    /** The value as it may stand in a message. */
    public static String of(Object value) {
        String text = value.toString();
        text = DATA.matcher(text).replaceFirst("$1,…");
        text = USER.matcher(text).replaceFirst("");
        text = QUERY.matcher(text).replaceFirst("$1?…");
        return visible(shortened(text));
    }

    private static String shortened(String text) {
        if (text.length() <= SHOWN) {
            return text;
        }
        // Both ends are kept: of a path the end says most.
        int half = SHOWN / 2;
        return text.substring(0, half) + "…" + text.substring(text.length() - half);
    }

    /** With {@code \}{@code u001b} for what is no visible character: controls, and what changes the direction of writing. */
    public static String visible(String text) {
        if (text.codePoints().allMatch(Quote::isVisible)) {
            return text;
        }
        StringBuilder out = new StringBuilder();
        text.codePoints().forEach(c -> {
            if (isVisible(c)) {
                out.appendCodePoint(c);
            } else {
                out.append(String.format("\\u%04x", c));
            }
        });
        return out.toString();
    }

    private static boolean isVisible(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR, Character.SURROGATE ->
                false;
            case Character.FORMAT -> !isDirection(c);
            default -> true;
        };
    }

    private static boolean isDirection(int c) {
        return c == 0x061C
                || c == 0x200E
                || c == 0x200F
                || (c >= 0x202A && c <= 0x202E)
                || (c >= 0x2066 && c <= 0x2069);
    }
}
