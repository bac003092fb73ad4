package dev.fovea.text.grammar;

import dev.fovea.error.OptionException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * A deterministic automaton over code points: a set of texts. It starts in state 0.
 *
 * @param edges of each state; no two of one state share a code point
 * @param accepting states in which a text may end
 */
record CharDfa(List<List<Edge<Integer>>> edges, BitSet accepting) {
    /** Beyond it a schema is refused rather than filling the memory. */
    static final int MAX_STATES = 10_000;

    record Edge<S>(CharSet on, S target) {}

    private record Pair<A, B>(A first, B second) {}

    /** The automaton of states that are described by values, found from the first. */
    static <S> CharDfa explore(S start, Function<S, List<Edge<S>>> edges, Predicate<S> accepting) {
        Map<S, Integer> numbers = new HashMap<>(Map.of(start, 0));
        List<S> states = new ArrayList<>(List.of(start));
        List<List<Edge<Integer>>> table = new ArrayList<>();
        BitSet ends = new BitSet();
        for (int i = 0; i < states.size(); i++) {
            List<Edge<Integer>> row = new ArrayList<>();
            for (Edge<S> edge : edges.apply(states.get(i))) {
                int number = numbers.computeIfAbsent(edge.target, s -> {
                    states.add(s);
                    return states.size() - 1;
                });
                row.add(new Edge<>(edge.on, number));
            }
            if (states.size() > MAX_STATES) {
                throw tooLarge();
            }
            table.add(List.copyOf(row));
            ends.set(i, accepting.test(states.get(i)));
        }
        return new CharDfa(List.copyOf(table), ends);
    }

    static OptionException tooLarge() {
        return new OptionException(
                "the JSON schema is too large: a part of it needs more than " + MAX_STATES + " states",
                "lower its maxLength and maxItems, or simplify its patterns");
    }

    /** Texts of a number of code points; any number from min up where max is below 0. */
    static CharDfa length(int min, int max) {
        return explore(
                0,
                n -> n == max ? List.of() : List.of(new Edge<>(CharSet.ALL, max < 0 ? Math.min(n + 1, min) : n + 1)),
                n -> n >= min);
    }

    /** One text. */
    static CharDfa only(String text) {
        int[] characters = text.codePoints().toArray();
        return explore(
                0,
                n -> n == characters.length ? List.of() : List.of(new Edge<>(CharSet.of(characters[n]), n + 1)),
                n -> n == characters.length);
    }

    /** Texts that are none of these. */
    static CharDfa noneOf(Set<String> texts) {
        // "" with a leading mark: a text that can become none of them any more.
        String free = "\0free";
        return explore(
                "",
                prefix -> prefix.equals(free) ? List.of(new Edge<>(CharSet.ALL, free)) : onwards(prefix, texts, free),
                prefix -> !texts.contains(prefix));
    }

    private static List<Edge<String>> onwards(String prefix, Set<String> texts, String free) {
        List<Edge<String>> edges = new ArrayList<>();
        CharSet taken = CharSet.NONE;
        for (String text : texts) {
            if (text.length() > prefix.length() && text.startsWith(prefix)) {
                int c = text.codePointAt(prefix.length());
                if (!taken.contains(c)) {
                    taken = taken.or(CharSet.of(c));
                    edges.add(new Edge<>(CharSet.of(c), prefix + Character.toString(c)));
                }
            }
        }
        edges.add(new Edge<>(CharSet.ALL.minus(taken), free));
        return edges;
    }

    /** The texts of both. */
    CharDfa and(CharDfa other) {
        return explore(
                new Pair<>(0, 0),
                pair -> {
                    List<Edge<Pair<Integer, Integer>>> both = new ArrayList<>();
                    for (Edge<Integer> a : edges.get(pair.first)) {
                        for (Edge<Integer> b : other.edges.get(pair.second)) {
                            CharSet on = a.on.and(b.on);
                            if (!on.isEmpty()) {
                                both.add(new Edge<>(on, new Pair<>(a.target, b.target)));
                            }
                        }
                    }
                    return both;
                },
                pair -> accepting.get(pair.first) && other.accepting.get(pair.second));
    }

    boolean accepts(String text) {
        int state = 0;
        for (int c : text.codePoints().toArray()) {
            int from = state;
            state = -1;
            for (Edge<Integer> edge : edges.get(from)) {
                state = edge.on.contains(c) ? edge.target : state;
            }
            if (state < 0) {
                return false;
            }
        }
        return accepting.get(state);
    }
}
