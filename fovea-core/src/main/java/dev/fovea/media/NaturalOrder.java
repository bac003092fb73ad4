package dev.fovea.media;

import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** The order in which people number files: runs of digits count as numbers, so that frame2 comes before frame10. */
public final class NaturalOrder implements Comparator<String> {
    /** Texts that hold numbers. */
    public static final Comparator<String> OF_TEXTS = new NaturalOrder();

    /** By the last part of the path. */
    static final Comparator<Path> OF_NAMES =
            Comparator.comparing((Path p) -> p.getFileName().toString(), OF_TEXTS);

    private static final Pattern RUN = Pattern.compile("[0-9]+|[^0-9]+");

    private NaturalOrder() {}

    @Override
    public int compare(String a, String b) {
        List<String> runsOfA = runs(a);
        List<String> runsOfB = runs(b);
        for (int i = 0; i < Math.min(runsOfA.size(), runsOfB.size()); i++) {
            int order = compareRuns(runsOfA.get(i), runsOfB.get(i));
            if (order != 0) {
                return order;
            }
        }
        int order = Integer.compare(runsOfA.size(), runsOfB.size());
        return order != 0 ? order : a.compareTo(b); // 1 and 01 are the same number, and a total order is needed
    }

    private static int compareRuns(String a, String b) {
        return isNumber(a) && isNumber(b) ? new BigInteger(a).compareTo(new BigInteger(b)) : a.compareTo(b);
    }

    private static boolean isNumber(String run) {
        return run.charAt(0) >= '0' && run.charAt(0) <= '9';
    }

    private static List<String> runs(String name) {
        return RUN.matcher(name).results().map(MatchResult::group).toList();
    }
}
