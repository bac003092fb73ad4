package dev.fovea.text.grammar;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where a text stands in a language: each state of the automaton that may read its next byte or be its end, with its stack. None where
 * the text is no beginning of any text of the language.
 */
record Position(List<Place> places) {
    /** @param stack null where the end of the state's rule is the end of the whole */
    record Place(int state, @Nullable Stack stack) {}

    static Position start(Automaton automaton) {
        return at(automaton, automaton.start(), null);
    }

    /** A state, and what it calls, and what goes on where it ends. */
    static Position at(Automaton automaton, int state, @Nullable Stack stack) {
        Set<Place> all = new LinkedHashSet<>();
        reach(automaton, state, stack, all);
        return new Position(List.copyOf(all));
    }

    Position after(Automaton automaton, byte[] bytes) {
        Position position = this;
        for (byte b : bytes) {
            position = position.after(automaton, automaton.classOf()[b & 0xFF]);
        }
        return position;
    }

    Position after(Automaton automaton, int byteClass) {
        Set<Place> all = new LinkedHashSet<>();
        for (Place place : places) {
            int next = automaton.next(place.state, byteClass);
            if (next >= 0) {
                reach(automaton, next, place.stack, all);
            }
        }
        return new Position(List.copyOf(all));
    }

    private static void reach(Automaton automaton, int state, @Nullable Stack stack, Set<Place> all) {
        List<Place> open = new ArrayList<>(List.of(new Place(state, stack)));
        while (!open.isEmpty()) {
            Place place = open.removeLast();
            if (!all.add(place)) {
                continue;
            }
            int[] calls = automaton.calls()[place.state];
            for (int i = 0; i < calls.length; i += 2) {
                // Nothing but an end behind the call: the rule's end is this one's, and the stack need not grow.
                open.add(new Place(
                        calls[i],
                        automaton.onlyEnds(calls[i + 1]) ? place.stack : new Stack(calls[i + 1], place.stack)));
            }
            if (automaton.isEnd()[place.state] && place.stack != null) {
                open.add(new Place(place.stack.state, place.stack.below));
            }
        }
    }

    boolean isNowhere() {
        return places.isEmpty();
    }

    /** Whether any byte may come next. */
    boolean isFree(Automaton automaton) {
        return places.stream().anyMatch(p -> automaton.isFree(p.state));
    }

    /** Whether the text is one of the language. */
    boolean isComplete(Automaton automaton) {
        return places.stream().anyMatch(p -> p.stack == null && automaton.isEnd()[p.state]);
    }

    /** Whether it is one, and no longer one begins with it. */
    boolean isOver(Automaton automaton) {
        return isComplete(automaton) && places.stream().allMatch(p -> automaton.leadsNowhere(p.state));
    }
}
