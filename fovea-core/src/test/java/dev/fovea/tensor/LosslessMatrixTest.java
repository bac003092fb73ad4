package dev.fovea.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.LosslessCase;
import dev.fovea.backend.reference.ReferenceBackend;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** A row gives the bits that went in, whatever they are. */
class LosslessMatrixTest {
    private final SplittableRandom random = new SplittableRandom(64);

    @Test
    void everyBitComesBack() {
        roundTrip(LosslessCase.draw(random, 50, 320));
        roundTrip(new LosslessCase(3, 128, new short[3 * 128]));
        short[] all = new short[1 << 16]; // neighbours share an exponent
        short[] mixed = new short[1 << 16];
        for (int i = 0; i < all.length; i++) {
            all[i] = (short) i;
            mixed[i] = (short) (i * 40503);
        }
        roundTrip(new LosslessCase(64, 1024, all));
        roundTrip(new LosslessCase(64, 1024, mixed));
    }

    /** The least and the greatest exponents that share a block, at both ends. */
    @Test
    void theWholeSpan() {
        short[] bits = new short[6 * 64];
        for (int j = 0; j < 64; j++) {
            bits[j] = (short) (j % 16 << 7 | j | (j % 2 == 0 ? 0x8000 : 0)); // 0 to 15
            bits[64 + j] = (short) (238 + j % 16 << 7 | j); // 238 to 253
            bits[128 + j] = (short) (240 + j % 15 << 7 | j); // 240 to 254
            bits[192 + j] = (short) (j % 17 << 7 | j); // one too far apart
            bits[256 + j] = (short) (1 + j % 16 << 7 | j); // as many as fit, from an odd one on
            bits[320 + j] = (short) (240 + j % 16 << 7 | j); // infinities
        }
        roundTrip(new LosslessCase(1, 384, bits));
        try (Backend backend = new ReferenceBackend();
                Scope _ = Scope.open(backend)) {
            MemorySegment bases =
                    new LosslessCase(1, 384, bits).packed(backend).bases().memory();
            boolean[] kept = new boolean[6];
            for (int i = 0; i < 6; i++) {
                kept[i] =
                        bases.get(ValueLayout.JAVA_BYTE, (long) i * LosslessMatrix.GROUP) == (byte) LosslessMatrix.RAW;
            }
            assertThat(kept).containsExactly(false, false, false, true, true, true);
        }
    }

    /** What a damaged file may hold. */
    @Test
    void anIndexBeyondAllMeansTheLast() {
        try (Backend backend = new ReferenceBackend();
                Scope _ = Scope.open(backend)) {
            short[] bits = new short[64];
            for (int j = 0; j < 64; j++) {
                bits[j] = (short) (j << 7);
            }
            LosslessMatrix w = new LosslessCase(1, 64, bits).packed(backend);
            short[] row = new short[64];
            for (int index : new int[] {1, 1000, Integer.MAX_VALUE, Integer.MIN_VALUE, -1}) {
                w.codes().memory().set(ValueLayout.JAVA_INT_UNALIGNED, LosslessMatrix.lowerAt(0), index);
                w.row(0, row);
                assertThat(row).isEqualTo(bits);
            }
        }
    }

    private static void roundTrip(LosslessCase c) {
        try (Backend backend = new ReferenceBackend();
                Scope _ = Scope.open(backend)) {
            LosslessMatrix w = c.packed(backend);
            short[] row = new short[c.columns()];
            for (int n = 0; n < c.rows(); n++) {
                w.row(n, row);
                assertThat(row).isEqualTo(Arrays.copyOfRange(c.bits(), n * c.columns(), (n + 1) * c.columns()));
            }
        }
    }
}
