package dev.fovea.text.grammar;

import dev.fovea.text.grammar.CharDfa.Edge;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Numbers as JSON writes them, within bounds. A bound is compared digit by digit, so a bounded number has no exponent; another's has
 * two digits at most, since larger ones are beyond what others read.
 *
 * @param integer neither fraction nor exponent
 * @param multipleOf of integers; 1 for any
 */
record Decimals(boolean integer, Optional<Bound> lower, Optional<Bound> upper, int multipleOf) {

    record Bound(BigDecimal value, boolean inclusive) {}

    private enum Phase {
        START,
        MINUS,
        ZERO,
        WHOLE,
        POINT,
        FRACTION,
        E,
        E_SIGN,
        EXPONENT,
        LAST;

        boolean isEnd() {
            return this == ZERO || this == WHOLE || this == FRACTION || this == EXPONENT || this == LAST;
        }
    }

    /** What is known of a number so far: its remainder, and how its magnitude compares with zero and the bounds'. */
    private record State(Phase phase, boolean negative, int remainder, List<Magnitude> magnitudes) {}

    private static final CharSet NINE = CharSet.range('1', '9');

    CharDfa dfa() {
        List<Magnitude> magnitudes = new ArrayList<>(List.of(Magnitude.of(BigDecimal.ZERO)));
        lower.ifPresent(b -> magnitudes.add(Magnitude.of(b.value)));
        upper.ifPresent(b -> magnitudes.add(Magnitude.of(b.value)));
        return CharDfa.explore(new State(Phase.START, false, 0, magnitudes), this::edges, this::isIn);
    }

    private List<Edge<State>> edges(State s) {
        List<Edge<State>> edges = new ArrayList<>();
        boolean fraction = !integer && (s.phase == Phase.ZERO || s.phase == Phase.WHOLE);
        switch (s.phase) {
            case START -> {
                edges.add(new Edge<>(CharSet.of('-'), new State(Phase.MINUS, true, 0, s.magnitudes)));
                whole(s, edges);
            }
            case MINUS -> whole(s, edges);
            case WHOLE -> digits(s, 0, Phase.WHOLE, edges);
            case POINT, FRACTION -> digits(s, 0, Phase.FRACTION, edges);
            case E -> {
                edges.add(new Edge<>(CharSet.anyOf("+-"), in(Phase.E_SIGN, s)));
                edges.add(new Edge<>(CharSet.range('0', '9'), in(Phase.EXPONENT, s)));
            }
            case E_SIGN -> edges.add(new Edge<>(CharSet.range('0', '9'), in(Phase.EXPONENT, s)));
            case EXPONENT -> edges.add(new Edge<>(CharSet.range('0', '9'), in(Phase.LAST, s)));
            case ZERO, LAST -> {}
        }
        if (fraction) {
            edges.add(new Edge<>(
                    CharSet.of('.'),
                    new State(
                            Phase.POINT,
                            s.negative,
                            0,
                            s.magnitudes.stream().map(Magnitude::point).toList())));
        }
        if ((fraction || s.phase == Phase.FRACTION) && lower.isEmpty() && upper.isEmpty()) {
            edges.add(new Edge<>(CharSet.anyOf("eE"), in(Phase.E, s)));
        }
        return edges;
    }

    private static State in(Phase phase, State s) {
        return new State(phase, s.negative, s.remainder, s.magnitudes);
    }

    private void whole(State s, List<Edge<State>> edges) {
        edges.add(new Edge<>(CharSet.of('0'), after(s, 0, Phase.ZERO)));
        digits(s, 1, Phase.WHOLE, edges);
    }

    private void digits(State s, int first, Phase phase, List<Edge<State>> edges) {
        boolean told = s.magnitudes.stream().allMatch(Magnitude::isDecided) && multipleOf == 1;
        if (told) {
            edges.add(new Edge<>(first == 0 ? CharSet.range('0', '9') : NINE, after(s, 1, phase)));
            return;
        }
        for (int digit = first; digit < 10; digit++) {
            edges.add(new Edge<>(CharSet.of('0' + digit), after(s, digit, phase)));
        }
    }

    private State after(State s, int digit, Phase phase) {
        return new State(
                phase,
                s.negative,
                (s.remainder * 10 + digit) % multipleOf,
                s.magnitudes.stream().map(m -> m.digit(digit)).toList());
    }

    private boolean isIn(State s) {
        if (!s.phase.isEnd() || s.remainder != 0) {
            return false;
        }
        int next = 1;
        if (lower.isPresent()) {
            int c = compare(s, s.magnitudes.get(next++), lower.get());
            if (c < 0 || (c == 0 && !lower.get().inclusive)) {
                return false;
            }
        }
        if (upper.isPresent()) {
            int c = compare(s, s.magnitudes.get(next), upper.get());
            return c < 0 || (c == 0 && upper.get().inclusive);
        }
        return true;
    }

    private static int compare(State s, Magnitude magnitude, Bound bound) {
        int sign = s.magnitudes.getFirst().result() == 0 ? 0 : s.negative ? -1 : 1;
        int other = bound.value.signum();
        return sign != other || sign == 0 ? Integer.compare(sign, other) : sign * magnitude.result();
    }

    /**
     * How the digits so far compare with a number's.
     *
     * @param whole the number's digits before the point, no zeros in front; at least one
     * @param fraction its digits behind the point, no zeros at the end
     * @param read digits read of the part that it is in
     * @param behind whether the point is read
     * @param order of the digits read
     */
    private record Magnitude(String whole, String fraction, int read, boolean behind, int order) {
        static Magnitude of(BigDecimal value) {
            String plain = value.abs().stripTrailingZeros().toPlainString();
            int point = plain.indexOf('.');
            return point < 0
                    ? new Magnitude(plain, "", 0, false, 0)
                    : new Magnitude(plain.substring(0, point), plain.substring(point + 1), 0, false, 0);
        }

        Magnitude digit(int digit) {
            if (behind) {
                return order != 0
                        ? this
                        : at(
                                Math.min(read + 1, fraction.length()),
                                true,
                                Integer.compare(digit, read < fraction.length() ? fraction.charAt(read) - '0' : 0));
            }
            if (read >= whole.length()) {
                return at(whole.length() + 1, false, 1);
            }
            return at(read + 1, false, order != 0 ? order : Integer.compare(digit, whole.charAt(read) - '0'));
        }

        Magnitude point() {
            return at(0, true, wholeOrder());
        }

        private Magnitude at(int read, boolean behind, int order) {
            return new Magnitude(whole, fraction, behind && order != 0 ? 0 : read, behind, order);
        }

        private int wholeOrder() {
            return read < whole.length() ? -1 : order;
        }

        int result() {
            if (!behind) {
                int order = wholeOrder();
                return order != 0 || fraction.isEmpty() ? order : -1;
            }
            return order == 0 && read < fraction.length() ? -1 : order;
        }

        /** Whether no further digit changes anything. */
        boolean isDecided() {
            return behind ? order != 0 : read > whole.length();
        }
    }
}
