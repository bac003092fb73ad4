package dev.fovea.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.tensor.Mask;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class MaskTableTest {

    @Test
    void withoutRowsPositionsAreRows() {
        MaskTable table = MaskTable.of(Mask.causal(3));
        assertThat(table.capacity()).isZero();
        assertThat(table.end()).isEqualTo(3);
        assertThat(table.values()).containsExactly(0, 0, 0, 1, 2, 3, 0, 0, 0);
    }

    /** A decode step's table keeps its size, and so its launches, for many steps. */
    @Test
    void rowsGrowInLargeSteps() {
        MaskTable early = MaskTable.of(decoding(5));
        assertThat(early.values()).hasSize(3 * 2 + 2 * 1024);
        assertThat(early.values()).startsWith(0, 1, 5, 4, 1, 0, 9, 8, 7, 6, 5);
        assertThat(Arrays.copyOfRange(early.values(), 6 + 1024, 6 + 1024 + 5)).containsExactly(19, 18, 17, 16, 15);
        assertThat(MaskTable.of(decoding(1024)).values()).hasSameSizeAs(early.values());
        assertThat(MaskTable.of(decoding(1025)).values()).hasSize(3 * 2 + 2 * 2048);
    }

    /** Two sequences of so many positions; the second is asked first. */
    private static Mask decoding(int length) {
        int[][] rows = new int[2][length + 3];
        for (int p = 0; p < length; p++) {
            rows[0][p] = 9 - p;
            rows[1][p] = 19 - p;
        }
        return new Mask(new int[] {1, 0}, new int[] {0, 1}, new int[] {length, length - 1}, rows);
    }

    @Test
    void spansAreNeighboursThatSeeTheSame() {
        Mask segments = Mask.segments(new int[] {0, 2, 7});
        assertThat(spans(segments, 3)).containsExactly(0, 2, 0, 2, 0, 2, 3, 2, 7, 0, 5, 2, 2, 7, 0);
        assertThat(spans(Mask.causal(5), 4)).containsExactly(0, 4, 0, 4, 0, 4, 1, 0, 5, 0);
    }

    @Test
    void spansEndWithTheirSequence() {
        Mask mask = new Mask(new int[] {1, 1, 0}, new int[] {0, 2, 0}, new int[] {3, 4, 4}, new int[2][4]);
        assertThat(spans(mask, 64)).containsExactly(0, 2, 0, 4, 1, 2, 1, 0, 4, 0);
    }

    private static int[] spans(Mask mask, int limit) {
        MaskTable table = MaskTable.withSpans(mask, limit);
        int[] spans = Arrays.copyOfRange(table.values(), table.spansAt(), table.values().length);
        assertThat(spans).hasSize(5 * table.spans());
        return spans;
    }
}
