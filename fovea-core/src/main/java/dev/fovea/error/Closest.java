package dev.fovea.error;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** What somebody may have meant who wrote a name that is not known. */
public final class Closest {
    private Closest() {}

    /** The known names that differ from the written one by few letters, else those that go on where it ends; at most three. */
    public static List<String> to(String written, Collection<String> known) {
        String lower = written.toLowerCase(Locale.ROOT);
        int few = Math.max(1, Math.min(3, written.length() / 3));
        List<String> near = known.stream()
                .distinct()
                .filter(k -> distance(lower, k.toLowerCase(Locale.ROOT)) <= few)
                .sorted(Comparator.<String>comparingInt(k -> distance(lower, k.toLowerCase(Locale.ROOT)))
                        .thenComparing(k -> k))
                .toList();
        List<String> longer = known.stream()
                .distinct()
                .filter(k -> lower.length() > 2 && k.toLowerCase(Locale.ROOT).startsWith(lower))
                .sorted()
                .toList();
        return (near.isEmpty() ? longer : near).stream().limit(3).toList();
    }

    /** {@code did you mean a or b?}; empty where nothing is close. */
    public static String question(String written, Collection<String> known) {
        List<String> close = to(written, known);
        return close.isEmpty() ? "" : "did you mean " + String.join(" or ", close) + "?";
    }

    /** Letters to add, drop or change, or to swap with their neighbour, until one name is the other. */
    static int distance(String a, String b) {
        int[][] rows = new int[a.length() + 1][b.length() + 1];
        Arrays.setAll(rows[0], j -> j);
        for (int i = 1; i <= a.length(); i++) {
            rows[i][0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int changed = rows[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                rows[i][j] = Math.min(changed, 1 + Math.min(rows[i - 1][j], rows[i][j - 1]));
                boolean swapped =
                        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
                if (swapped) {
                    rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
                }
            }
        }
        return rows[a.length()][b.length()];
    }
}
