package dev.fovea.text.grammar;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * A set of code points.
 *
 * @param bounds ascending: where it begins, where it ends, where it begins again, …
 */
record CharSet(int[] bounds) {
    static final CharSet NONE = new CharSet(new int[0]);

    /** All that have a UTF-8: no surrogates. */
    static final CharSet ALL = new CharSet(new int[] {0, 0xD800, 0xE000, 0x110000});

    static CharSet of(int c) {
        return range(c, c);
    }

    /** Both ends inclusive. */
    static CharSet range(int first, int last) {
        return new CharSet(new int[] {first, last + 1});
    }

    static CharSet anyOf(String characters) {
        return characters.codePoints().mapToObj(CharSet::of).reduce(NONE, CharSet::or);
    }

    boolean isEmpty() {
        return bounds.length == 0;
    }

    boolean contains(int c) {
        int i = Arrays.binarySearch(bounds, c);
        return (i >= 0 ? i : -i - 2) % 2 == 0;
    }

    CharSet and(CharSet other) {
        return combine(other, true);
    }

    CharSet or(CharSet other) {
        return combine(other, false);
    }

    CharSet minus(CharSet other) {
        return and(other.not());
    }

    CharSet not() {
        int[] edges = bounds.length > 0 && bounds[0] == 0
                ? Arrays.copyOfRange(bounds, 1, bounds.length)
                : IntStream.concat(IntStream.of(0), IntStream.of(bounds)).toArray();
        return new CharSet(
                edges.length % 2 == 0
                        ? edges
                        : IntStream.concat(IntStream.of(edges), IntStream.of(0x110000))
                                .toArray());
    }

    /** A sweep over the bounds of both: within the result where both, or either, are within. */
    private CharSet combine(CharSet other, boolean both) {
        int[] merged = new int[bounds.length + other.bounds.length];
        int size = 0;
        int i = 0;
        int j = 0;
        boolean inside = false;
        while (i < bounds.length || j < other.bounds.length) {
            int a = i < bounds.length ? bounds[i] : Integer.MAX_VALUE;
            int b = j < other.bounds.length ? other.bounds[j] : Integer.MAX_VALUE;
            int at = Math.min(a, b);
            i += a == at ? 1 : 0;
            j += b == at ? 1 : 0;
            boolean now = both ? i % 2 == 1 && j % 2 == 1 : i % 2 == 1 || j % 2 == 1;
            if (now != inside) {
                merged[size++] = at;
                inside = now;
            }
        }
        return new CharSet(Arrays.copyOf(merged, size));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CharSet set && Arrays.equals(bounds, set.bounds);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bounds);
    }
}
