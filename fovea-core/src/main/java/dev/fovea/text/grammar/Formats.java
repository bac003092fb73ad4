package dev.fovea.text.grammar;

import dev.fovea.error.Closest;
import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import java.util.Map;
import java.util.TreeSet;

/** What JSON schema's {@code format} allows, by RFC 3339 and its like: real days alone, no leap seconds, ASCII. */
final class Formats {
    private static final String NOT_LEAP_DAY = "(?:\\d{3}[1-9]|\\d{2}[1-9]0|\\d[1-9]00|[1-9]000)-"
            + "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))";
    private static final String LEAP_DAY =
            "(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)-02-29";
    private static final String DATE = "(?:" + NOT_LEAP_DAY + "|" + LEAP_DAY + ")";
    private static final String TIME =
            "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)";
    private static final String DAYS = "(?:\\d+Y(?:\\d+M(?:\\d+D)?)?|\\d+M(?:\\d+D)?|\\d+D)";
    private static final String HOURS = "T(?:\\d+H(?:\\d+M(?:\\d+S)?)?|\\d+M(?:\\d+S)?|\\d+S)";
    private static final String LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    private static final String HOST = LABEL + "(?:\\." + LABEL + "){0,7}";
    private static final String ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
    private static final String BYTE = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
    private static final String H = "[0-9A-Fa-f]";
    private static final String GROUP = H + "{1,4}";

    private static final Map<String, String> FORMATS = Map.of(
            "date", DATE,
            "time", TIME,
            "date-time", DATE + "T" + TIME,
            "duration", "P(?:\\d+W|" + DAYS + "(?:" + HOURS + ")?|" + HOURS + ")",
            "uuid", H + "{8}-" + H + "{4}-" + H + "{4}-" + H + "{4}-" + H + "{12}",
            "ipv4", BYTE + "(?:\\." + BYTE + "){3}",
            "ipv6", ipv6(),
            "hostname", HOST,
            "email", ATOM + "(?:\\." + ATOM + ")*@" + HOST);

    private Formats() {}

    /** @throws OptionException where the format is unknown */
    static CharDfa of(String format, String where) {
        String expression = FORMATS.get(format);
        if (expression == null) {
            throw new OptionException(
                    where + ": the format " + Quote.of(format) + " is not supported; known: "
                            + String.join(", ", new TreeSet<>(FORMATS.keySet())),
                    Closest.question(format, FORMATS.keySet()));
        }
        return RegexParser.parse(expression, where).whole();
    }

    /** Eight groups, or fewer around one {@code ::}. */
    private static String ipv6() {
        StringBuilder all = new StringBuilder(
                "(?:(?:" + GROUP + ":){7}" + GROUP + "|(?:" + GROUP + ":){1,7}:|:(?::" + GROUP + "){1,7}|::");
        for (int before = 1; before <= 6; before++) {
            all.append("|(?:" + GROUP + ":){1," + before + "}(?::" + GROUP + "){1," + (7 - before) + "}");
        }
        return all + ")";
    }
}
