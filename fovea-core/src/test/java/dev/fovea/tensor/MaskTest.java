package dev.fovea.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MaskTest {

    @Test
    void fullShowsEveryKeyToEveryQuery() {
        Mask mask = Mask.full(2, 5);
        assertThat(mask.queries()).isEqualTo(2);
        assertThat(mask.from()).containsExactly(0, 0);
        assertThat(mask.to()).containsExactly(5, 5);
        assertThat(mask.row(1, 4)).isEqualTo(4);
    }

    @Test
    void causalShowsWhatStandsBeforeAndItself() {
        Mask mask = Mask.causal(3);
        assertThat(mask.from()).containsExactly(0, 0, 0);
        assertThat(mask.to()).containsExactly(1, 2, 3);
    }

    @Test
    void segmentsSeeThemselvesOnly() {
        Mask mask = Mask.segments(new int[] {0, 2, 2, 5}); // the middle one is empty
        assertThat(mask.from()).containsExactly(0, 0, 2, 2, 2);
        assertThat(mask.to()).containsExactly(2, 2, 5, 5, 5);
    }

    @Test
    void segmentsOfNothing() {
        assertThat(Mask.segments(new int[] {0}).queries()).isZero();
    }

    @Test
    void tablesGiveTheRowOfAPosition() {
        int[][] rows = {{7, 3}, {7, 9}};
        Mask mask = new Mask(new int[] {1, 0}, new int[] {0, 0}, new int[] {2, 2}, rows);
        assertThat(mask.row(0, 0)).isEqualTo(7);
        assertThat(mask.row(0, 1)).isEqualTo(9);
        assertThat(mask.row(1, 1)).isEqualTo(3);
    }
}
