package dev.fovea.backend.cuda;

/**
 * When to try once more what there was no memory for: after one chance left out, then after two, four, … so that a shortage that lasts
 * costs next to nothing, and one that passes is noticed.
 */
final class Patience {
    private int left;
    private int next = 1;

    /** Whether this chance is to be taken. */
    boolean isOver() {
        if (left == 0) {
            return true;
        }
        left--;
        return false;
    }

    void refused() {
        left = next;
        next = Math.min(2 * next, 1 << 20);
    }

    void granted() {
        left = 0;
        next = 1;
    }
}
