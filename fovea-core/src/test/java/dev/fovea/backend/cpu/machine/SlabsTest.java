package dev.fovea.backend.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SlabsTest {
    private final Slabs slabs = new Slabs(1 << 20);

    @AfterEach
    void close() {
        slabs.close();
    }

    @Test
    void handsOutAgainWhatCameBack() {
        MemorySegment slab = slabs.take(4096);
        slabs.giveBack(slab);
        assertThat(slabs.take(4000).address()).isEqualTo(slab.address());
        assertThat(slabs.take(4096).address()).isNotEqualTo(slab.address());
    }

    @Test
    void doesNotWasteALargeSlabOnASmallRequest() {
        MemorySegment slab = slabs.take(1 << 16);
        slabs.giveBack(slab);
        assertThat(slabs.take(1 << 10).byteSize()).isEqualTo(1 << 10);
    }

    /** Phases of other sizes, as a tower's stages, do not add up. */
    @Test
    void holdsNoMoreThanWasHandedOutTogether() {
        MemorySegment first = slabs.take(60_000);
        MemorySegment second = slabs.take(40_000);
        slabs.giveBack(first);
        slabs.giveBack(second);
        MemorySegment other = slabs.take(30_000);
        assertThat(first.scope().isAlive()).as("the one that waits longest").isFalse();
        assertThat(second.scope().isAlive()).isTrue();
        slabs.giveBack(other);
        assertThat(slabs.take(40_000).address()).isEqualTo(second.address());
        assertThat(slabs.take(30_000).address()).isEqualTo(other.address());
    }

    @Test
    void handsOutMuchLargerMemoryToWhatComesBackSoonAlone() {
        try (Slabs roomy = new Slabs(1 << 26)) {
            MemorySegment slab = roomy.take(24 << 20);
            roomy.giveBack(slab);
            assertThat(roomy.take(6 << 20).address()).isEqualTo(slab.address());
            roomy.giveBack(slab);
            assertThat(roomy.takeLasting(6 << 20).byteSize()).isEqualTo(6 << 20);
        }
    }

    @Test
    void freesWhatIsBeyondTheLimit() {
        MemorySegment small = slabs.take(1 << 19);
        MemorySegment large = slabs.take(1 << 20);
        slabs.giveBack(small);
        slabs.giveBack(large);
        assertThat(small.scope().isAlive()).isTrue();
        assertThat(large.scope().isAlive()).isFalse();
    }

    /** Straight from the system, in pages that the size does not fill. */
    @Test
    void largeMemoryIsZerosEachTime() {
        for (int time = 0; time < 2; time++) {
            MemorySegment slab = slabs.take((9 << 20) + 5);
            for (long at : new long[] {0, slab.byteSize() - 1}) {
                assertThat(slab.get(JAVA_BYTE, at)).isZero();
                slab.set(JAVA_BYTE, at, (byte) 7);
            }
            slabs.giveBack(slab);
            assertThat(slab.scope().isAlive()).isFalse();
        }
    }

    @Test
    void refusesWhatItDidNotHandOut() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment foreign = arena.allocate(64);
            assertThatIllegalArgumentException().isThrownBy(() -> slabs.giveBack(foreign));
        }
    }
}
