package dev.fovea.text.jinja;

import dev.fovea.text.jinja.TemplateException.Failure;

/**
 * What one rendering may cost. A step is one evaluated node, a character or an item that came to be or was looked at; a
 * prompt of a million characters takes some millions of them.
 */
final class Budget {
    /** Characters of one text, the output among them; items of one list. */
    static final int MAX_LENGTH = 1 << 24;

    private static final long MAX_STEPS = 50_000_000;

    /** Of nodes, macro calls and values within values: well before the stack of the virtual machine ends. */
    private static final int MAX_DEPTH = 500;

    private long steps;
    private int depth;

    void spend(long amount) {
        steps += amount;
        if (steps > MAX_STEPS) {
            throw new Failure("took more than " + MAX_STEPS + " steps");
        }
    }

    void enter() {
        spend(1);
        if (++depth > MAX_DEPTH) {
            throw new Failure("went more than " + MAX_DEPTH + " levels deep");
        }
    }

    void leave() {
        depth--;
    }

    /** Checks a length before what is that long comes to be, and spends it. */
    int length(long length) {
        check(length);
        spend(length);
        return (int) length;
    }

    static void check(long length) {
        if (length > MAX_LENGTH) {
            throw new Failure("made a text or list longer than " + MAX_LENGTH);
        }
    }

    /** Lists of small texts take far more room than their characters. */
    static void checkItems(long count) {
        check(count * 8);
    }
}
