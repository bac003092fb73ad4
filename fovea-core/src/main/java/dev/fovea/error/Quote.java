package dev.fovea.error;

import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Values from elsewhere in messages: names of files, strings of checkpoints, addresses, replies of servers. What could steer a
 * terminal is shown as its code, what is long is cut, and what an address says in confidence is left out.
 */
public final class Quote {
    /** Characters of a value that a message shows. */
    private static final int SHOWN = 240;

    /** Characters of a whole message, which may list a dozen values. */
    private static final int LINE = 6000;

    private static final String SCHEME = "(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{1,30}:";

    /** An address with its authority, then path, query and fragment. A file's name may have a question mark. */
    private static final Pattern ADDRESS =
            Pattern.compile("(?!file:)(" + SCHEME + "//)([^/?#\\s\"'<>]*)([^?#\\s\"'<>]*)([?#](?!…)[^\\s\"'<>]*)?");

    /** User and password, up to the last @; also where what follows the host is no port, as of {@code http://me:a/b@host}. A sentence may go on behind it. */
    private static final Pattern USER = Pattern.compile(".*@");

    private static final Pattern NO_PORT = Pattern.compile("(?!\\[).*:(?!\\d*[,.;:)]*$).*");
    private static final Pattern DATA = Pattern.compile("(?<![A-Za-z0-9])data:([^,\\s]{0,60}),(?!…)[^\\s\"']*");
    private static final Pattern LINE_ENDS = Pattern.compile("\\s*[\\n\\r]\\s*");

    private Quote() {}

    /** The value as it may stand in a message. */
    public static String of(Object value) {
        return visible(shortened(discreet(value.toString()), SHOWN));
    }

    /** A whole message, put together of anything, as one line: the last line of defence, where a value was not quoted. */
    public static String message(String text) {
        return visible(shortened(discreet(LINE_ENDS.matcher(text.strip()).replaceAll(" ")), LINE));
    }

    /** Without what addresses say in confidence, users, passwords and queries, and without what a data URI holds. */
    static String discreet(String text) {
        if (text.indexOf(':') < 0) {
            return text;
        }
        String addresses = ADDRESS.matcher(text).replaceAll(Quote::discreet);
        return DATA.matcher(addresses).replaceAll("data:$1,…");
    }

    private static String discreet(MatchResult address) {
        String host = USER.matcher(address.group(2)).replaceFirst("");
        String rest = NO_PORT.matcher(host).matches()
                ? "…"
                : host + address.group(3) + (address.group(4) == null ? "" : "?…");
        return java.util.regex.Matcher.quoteReplacement(address.group(1) + rest);
    }

    private static String shortened(String text, int most) {
        if (text.length() <= most) {
            return text;
        }
        // Both ends are kept: of a path the end says most.
        int half = most / 2;
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

    /** Whether a terminal shows it, and does nothing else. */
    public static boolean isVisible(int c) {
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
