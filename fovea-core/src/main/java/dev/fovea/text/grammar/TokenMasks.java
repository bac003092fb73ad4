package dev.fovea.text.grammar;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which tokens keep a text the beginning of one of a language. Thread-safe.
 *
 * <p>What a state allows without a look at its stack is found once, by a walk through the whole vocabulary, and kept. Where the state's
 * rule ends within a token, the rest of that token depends on the stack and is walked each time: a few tokens with a closing bracket
 * or quotation mark. During a walk, sets of places are the states of an automaton that is made as it is needed, so that a step costs
 * one look into a table.
 */
final class TokenMasks {
    /** Masks of a large vocabulary are 32 KB each. */
    private static final int KEPT_MASKS = 512;

    private static final int KEPT_STEPS = 50_000;

    /** @param ends nodes of the trie where the state's rule may have ended */
    private record Mask(long[] allowed, int[] ends) {}

    /** Places with stacks that begin where the walk began. */
    private static final class Step {
        private final Position position;
        private final boolean isEnd;
        private final boolean isLast;
        private final @Nullable Step[] next;

        Step(Position position, Automaton automaton) {
            this.position = position;
            isEnd = position.isComplete(automaton);
            isLast = position.places().stream().allMatch(p -> automaton.leadsNowhere(p.state()));
            next = new Step[automaton.classes()];
        }
    }

    private final Automaton automaton;
    private final TokenTrie trie;
    private final Map<Position, Step> steps = new HashMap<>();
    private final Map<Integer, Mask> masks = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, Mask> eldest) {
            return size() > KEPT_MASKS;
        }
    };

    TokenMasks(Automaton automaton, TokenTrie trie) {
        this.automaton = automaton;
        this.trie = trie;
    }

    Automaton automaton() {
        return automaton;
    }

    byte[] bytes(int token) {
        return token < trie.tokens() ? trie.bytes[token] : new byte[0];
    }

    /** A bit for each token of the vocabulary. */
    synchronized long[] allowed(Position position) {
        long[] allowed = new long[(trie.tokens() + 63) / 64];
        for (Position.Place place : position.places()) {
            if (!automaton.leadsNowhere(place.state())) {
                Mask mask = masks.computeIfAbsent(place.state(), this::mask);
                for (int i = 0; i < allowed.length; i++) {
                    allowed[i] |= mask.allowed[i];
                }
                goOn(mask.ends, place.stack(), allowed);
            }
        }
        return allowed;
    }

    private Mask mask(int state) {
        long[] allowed = new long[(trie.tokens() + 63) / 64];
        return new Mask(allowed, walk(state, 0, allowed));
    }

    /** Goes on behind the ends of a rule with what its stack says. */
    private void goOn(int[] ends, @Nullable Stack stack, long[] allowed) {
        if (stack == null || ends.length == 0) {
            return;
        }
        for (Position.Place place :
                Position.at(automaton, stack.state, stack.below).places()) {
            if (!automaton.leadsNowhere(place.state())) {
                for (int node : ends) {
                    if (trie.end[node] > node + 1) {
                        goOn(walk(place.state(), node, allowed), place.stack(), allowed);
                    }
                }
            }
        }
    }

    /** Marks the tokens below a node that a state allows; returns the nodes where the state's rule has ended. */
    private int[] walk(int state, int root, long[] allowed) {
        if (steps.size() > KEPT_STEPS) {
            steps.clear();
        }
        List<Integer> ends = new ArrayList<>();
        // The state alone: what it calls, and what follows it, are places of their own.
        for (int node = root + 1; node < trie.end[root]; node = trie.end[node]) {
            int next = automaton.next(state, automaton.classOf()[trie.label[node] & 0xFF]);
            if (next >= 0) {
                enter(node, step(Position.at(automaton, next, null)), allowed, ends);
            }
        }
        return ends.stream().mapToInt(Integer::intValue).toArray();
    }

    private Step step(Position position) {
        return steps.computeIfAbsent(position, p -> new Step(p, automaton));
    }

    private void enter(int node, Step step, long[] allowed, List<Integer> ends) {
        for (int token = trie.token[node]; token >= 0; token = trie.same[token]) {
            allowed[token >> 6] |= 1L << token;
        }
        if (step.isEnd) {
            ends.add(node);
        }
        if (!step.isLast) {
            for (int child = node + 1; child < trie.end[node]; child = trie.end[child]) {
                Step next = next(step, automaton.classOf()[trie.label[child] & 0xFF]);
                if (!next.position.isNowhere()) {
                    enter(child, next, allowed, ends);
                }
            }
        }
    }

    private Step next(Step step, int byteClass) {
        Step next = step.next[byteClass];
        if (next == null) {
            next = step(step.position.after(automaton, byteClass));
            step.next[byteClass] = next;
        }
        return next;
    }
}
