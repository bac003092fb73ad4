package dev.fovea.text.grammar;

import java.util.List;
import java.util.Optional;

/**
 * A language over bytes: the rules of {@link Network}s made deterministic, all states in one table. Where it calls a rule, the state
 * behind the call is put on a stack; where a rule may end, the stack's top goes on. From every state an end can be reached.
 *
 * @param start the first state of the whole
 * @param classOf the class of each byte: bytes of a class lead everywhere to the same states
 * @param next the state behind a state and a class, at {@code state * classes + class}; -1 where none is
 * @param isEnd whether the state's rule may end there
 * @param calls of each state: the called rule's first state and the state behind it, in pairs
 */
record Automaton(int start, int classes, int[] classOf, int[] next, boolean[] isEnd, int[][] calls) {
    int next(int state, int byteClass) {
        return next[state * classes + byteClass];
    }

    /** Whether a state does nothing but end its rule. */
    boolean onlyEnds(int state) {
        if (!isEnd[state] || calls[state].length > 0) {
            return false;
        }
        return leadsNowhere(state);
    }

    boolean leadsNowhere(int state) {
        for (int c = 0; c < classes; c++) {
            if (next(state, c) >= 0) {
                return false;
            }
        }
        return true;
    }

    /** Whether any byte leads on: the text is free there, as none is within JSON. */
    boolean isFree(int state) {
        for (int c = 0; c < classes; c++) {
            if (next(state, c) < 0) {
                return false;
            }
        }
        return true;
    }

    /** @param root index of the network that is the whole */
    static Optional<Automaton> of(List<Network> networks, int root) {
        return new Determiniser(networks).automaton(root);
    }
}
