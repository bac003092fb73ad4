package dev.fovea.app.cli;

import dev.fovea.io.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Facts under names, for people as a table and for programs as JSON. */
final class Report {
    private final List<String[]> lines = new ArrayList<>();
    private final Map<String, @Nullable Object> json = new LinkedHashMap<>();

    /** A fact in both forms. */
    Report add(String label, String shown, String key, @Nullable Object value) {
        json.put(key, value);
        return line(label, shown);
    }

    /** A fact for programs alone. */
    Report data(String key, @Nullable Object value) {
        json.put(key, value);
        return this;
    }

    /** A line for people alone. */
    Report line(String label, String shown) {
        lines.add(new String[] {label, shown});
        return this;
    }

    String text() {
        int width = lines.stream().mapToInt(l -> l[0].length()).max().orElse(0);
        StringBuilder text = new StringBuilder();
        for (String[] line : lines) {
            text.append(line[0])
                    .append(" ".repeat(width - line[0].length() + 2))
                    .append(line[1])
                    .append('\n');
        }
        return text.toString();
    }

    String json() {
        return Json.write(json);
    }

    void print(Console console, OutputOptions output) {
        console.print(output.json() ? json() + "\n" : text());
    }

    static String bytes(long n) {
        return scaled((double) n, "kB", "MB", "GB");
    }

    static String count(long n) {
        return scaled((double) n, "k", "M", "B");
    }

    private static String scaled(double n, String thousand, String million, String billion) {
        return n < 1e6
                ? decimals(n / 1e3) + " " + thousand
                : n < 1e9 ? decimals(n / 1e6) + " " + million : decimals(n / 1e9) + " " + billion;
    }

    /** Three digits or so. */
    static String decimals(double value) {
        return String.format(Locale.ROOT, value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value);
    }
}
