package dev.fovea.text.grammar;

import dev.fovea.text.grammar.CharDfa.Edge;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.TreeSet;

/** A regular expression as an automaton: the texts in which it is found, as JSON schema's {@code pattern} means it. */
sealed interface Regex {
    record Chars(CharSet set) implements Regex {}

    record Concat(List<Regex> parts) implements Regex {}

    record Either(List<Regex> parts) implements Regex {}

    /** @param max below 0: any number */
    record Repeat(Regex part, int min, int max) implements Regex {}

    /** {@code ^}. */
    record Begin() implements Regex {}

    /** {@code $}. */
    record End() implements Regex {}

    /** Texts that contain a match. */
    default CharDfa found() {
        Regex anything = new Repeat(new Chars(CharSet.ALL), 0, -1);
        return new Nfa().dfa(new Concat(List.of(anything, this, anything)));
    }

    /** Texts that are a match as a whole. */
    default CharDfa whole() {
        return new Nfa().dfa(this);
    }

    /** Thompson's automaton; an anchor is a step without a character that only the text's begin or end allows. */
    final class Nfa {
        private static final int EMPTY = 0;
        private static final int AT_BEGIN = 1;
        private static final int AT_END = 2;

        private record Step(int kind, int target) {}

        private record Read(CharSet on, int target) {}

        private record State(BitSet states, boolean begin) {}

        private final List<List<Step>> steps = new ArrayList<>();
        private final List<List<Read>> reads = new ArrayList<>();

        private int state() {
            if (steps.size() > CharDfa.MAX_STATES) {
                throw CharDfa.tooLarge();
            }
            steps.add(new ArrayList<>());
            reads.add(new ArrayList<>());
            return steps.size() - 1;
        }

        private CharDfa dfa(Regex regex) {
            int first = state();
            int last = add(regex, first);
            BitSet start = new BitSet();
            start.set(first);
            return CharDfa.explore(
                    new State(closure(start, true, false), true),
                    this::edges,
                    s -> closure(s.states, s.begin, true).get(last));
        }

        /** Adds an expression behind a state; returns the state behind it. */
        private int add(Regex regex, int from) {
            return switch (regex) {
                case Chars(CharSet set) -> {
                    int to = state();
                    reads.get(from).add(new Read(set, to));
                    yield to;
                }
                case Concat(List<Regex> parts) -> {
                    int at = from;
                    for (Regex part : parts) {
                        at = add(part, at);
                    }
                    yield at;
                }
                case Either(List<Regex> parts) -> {
                    int to = state();
                    parts.forEach(part -> step(add(part, behind(from)), EMPTY, to));
                    yield to;
                }
                case Repeat(Regex part, int min, int max) -> repeat(part, min, max, from);
                case Begin() -> stepTo(from, AT_BEGIN);
                case End() -> stepTo(from, AT_END);
            };
        }

        private int repeat(Regex part, int min, int max, int from) {
            int at = behind(from);
            for (int i = 0; i < min; i++) {
                at = add(part, at);
            }
            if (max < 0) {
                int loop = behind(at);
                step(add(part, loop), EMPTY, loop);
                return behind(loop);
            }
            int to = state();
            for (int i = min; i < max; i++) {
                step(at, EMPTY, to);
                at = add(part, at);
            }
            step(at, EMPTY, to);
            return to;
        }

        private int behind(int from) {
            return stepTo(from, EMPTY);
        }

        private int stepTo(int from, int kind) {
            int to = state();
            step(from, kind, to);
            return to;
        }

        private void step(int from, int kind, int to) {
            steps.get(from).add(new Step(kind, to));
        }

        private BitSet closure(BitSet from, boolean begin, boolean end) {
            BitSet all = (BitSet) from.clone();
            List<Integer> open = new ArrayList<>(from.stream().boxed().toList());
            while (!open.isEmpty()) {
                for (Step step : steps.get(open.removeLast())) {
                    boolean taken = step.kind == EMPTY || (step.kind == AT_BEGIN ? begin : end);
                    if (taken && !all.get(step.target)) {
                        all.set(step.target);
                        open.add(step.target);
                    }
                }
            }
            return all;
        }

        private List<Edge<State>> edges(State state) {
            List<Read> all = state.states.stream()
                    .boxed()
                    .flatMap(s -> reads.get(s).stream())
                    .toList();
            TreeSet<Integer> cuts = new TreeSet<>();
            all.forEach(read -> {
                for (int bound : read.on.bounds()) {
                    cuts.add(bound);
                }
            });
            List<Edge<State>> edges = new ArrayList<>();
            for (int cut : cuts) {
                BitSet targets = new BitSet();
                all.stream().filter(r -> r.on.contains(cut)).forEach(r -> targets.set(r.target));
                if (!targets.isEmpty()) {
                    CharSet on = CharSet.range(cut, cuts.higher(cut) - 1);
                    addTo(edges, on, new State(closure(targets, false, false), false));
                }
            }
            return edges;
        }

        private static void addTo(List<Edge<State>> edges, CharSet on, State target) {
            for (int i = 0; i < edges.size(); i++) {
                if (edges.get(i).target().equals(target)) {
                    edges.set(i, new Edge<>(edges.get(i).on().or(on), target));
                    return;
                }
            }
            edges.add(new Edge<>(on, target));
        }
    }
}
