package dev.fovea;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** Whether a word is nearly another one. */
final class Spelling {
    private Spelling() {}

    /** The known word that a word is nearly; empty where it is one of them, or like none. */
    static Optional<String> near(String word, Collection<String> known) {
        if (known.contains(word)) {
            return Optional.empty();
        }
        String plain = plain(word);
        return known.stream().filter(k -> slips(plain, plain(k)) <= 2).findFirst();
    }

    private static String plain(String word) {
        return word.replaceAll("[-_ ]", "").toLowerCase(Locale.ROOT);
    }

    /** Letters that are too many, missing, other ones, or swapped with the next; 3 stands for any more. */
    private static int slips(String a, String b) {
        if (Math.abs(a.length() - b.length()) > 2 || Math.min(a.length(), b.length()) < 6) {
            return a.equals(b) ? 0 : 3;
        }
        int[][] cost = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    cost[i][j] = i + j;
                    continue;
                }
                int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                int best = Math.min(cost[i - 1][j - 1] + change, Math.min(cost[i - 1][j], cost[i][j - 1]) + 1);
                boolean swapped =
                        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
                cost[i][j] = swapped ? Math.min(best, cost[i - 2][j - 2] + 1) : best;
            }
        }
        return cost[a.length()][b.length()];
    }
}
