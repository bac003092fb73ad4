package dev.fovea.backend.cuda;

import java.util.Arrays;

/** Integers by what they are, not by which array they are in: tables of a cache change in place. */
record Ints(int[] values) {
    @Override
    public boolean equals(Object o) {
        return o instanceof Ints other && Arrays.equals(values, other.values);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(values);
    }
}
