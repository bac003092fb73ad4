package dev.fovea.text.grammar;

import org.jspecify.annotations.Nullable;

/** Where an automaton goes on when the rules that it is in have ended, innermost first. Equal where all of it is. */
final class Stack {
    final int state;
    final @Nullable Stack below;
    private final int hash;

    Stack(int state, @Nullable Stack below) {
        this.state = state;
        this.below = below;
        hash = 31 * state + (below == null ? 7 : below.hash);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        Stack a = this;
        Stack b = other instanceof Stack stack ? stack : null;
        while (a != b) {
            if (a == null || b == null || a.hash != b.hash || a.state != b.state) {
                return false;
            }
            a = a.below;
            b = b.below;
        }
        return true;
    }

    @Override
    public int hashCode() {
        return hash;
    }
}
