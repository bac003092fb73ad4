package dev.fovea.models.llava_onevision1_5;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** By hand, with class rows c and patches a, b, d: c0 a0 a1 a2 | c1 b0 b1 | c2 d0 d1 are rows 0 to 9. */
class ClassRowsTest {
    private static final int[] PATCHES = {3, 2, 2};

    @Test
    void strippedTakesThePatches() {
        assertThat(ClassRows.STRIPPED.patchRows(PATCHES)).containsExactly(1, 2, 3, 5, 6, 8, 9);
    }

    /** c1 b0 instead of b0 b1, and b1 c2 instead of d0 d1. */
    @Test
    void publishedIsShiftedByTheSegmentsBefore() {
        assertThat(ClassRows.PUBLISHED.patchRows(PATCHES)).containsExactly(1, 2, 3, 4, 5, 6, 7);
    }
}
