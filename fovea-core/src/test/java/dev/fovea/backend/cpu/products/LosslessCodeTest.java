package dev.fovea.backend.cpu.products;

import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static dev.fovea.tensor.LosslessMatrix.BLOCK;
import static dev.fovea.tensor.LosslessMatrix.GROUP;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.LosslessCase;
import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.tensor.LosslessMatrix;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Machine code and Java widen to the bits that were packed, all of a row's blocks or some. */
class LosslessCodeTest {
    private final SplittableRandom random = new SplittableRandom(384);

    @Test
    void theBitsThatWerePacked() {
        LosslessCase c = LosslessCase.draw(random, 23, 7 * BLOCK);
        try (var backend = CpuBackend.create(CpuBackend.Options.defaults());
                Scope _ = Scope.open(backend)) {
            LosslessWeight w = LosslessWeight.of(c.packed(backend));
            for (int bits : new int[] {0, 256, 512}) {
                for (int first = 0; first < 12; first += GROUP) {
                    for (int block = 0; block < 3; block++) {
                        check(c, w, bits, first, c.rows() - first, block, w.blocks() - block);
                        check(c, w, bits, first, 1, block, 2);
                    }
                }
            }
        }
    }

    /** What damaged files may hold: any base, and any index of what is kept as it is. */
    @Test
    void whatIsDamagedReadsNothingElse() {
        LosslessCase c = LosslessCase.draw(random, 8, 2 * BLOCK);
        try (var backend = CpuBackend.create(CpuBackend.Options.defaults());
                Scope _ = Scope.open(backend)) {
            LosslessMatrix m = c.packed(backend);
            for (Tensor part : List.of(m.codes(), m.bases())) {
                for (long i = 0; i < part.bytes(); i++) {
                    part.memory().set(ValueLayout.JAVA_BYTE, part.offset() + i, (byte) random.nextInt());
                }
            }
            short[] bits = new short[c.rows() * c.columns()];
            short[] row = new short[c.columns()];
            for (int n = 0; n < c.rows(); n++) {
                m.row(n, row);
                System.arraycopy(row, 0, bits, n * row.length, row.length);
            }
            LosslessCase damaged = new LosslessCase(c.rows(), c.columns(), bits);
            for (int vectors : new int[] {0, 256, 512}) {
                check(damaged, LosslessWeight.of(m), vectors, 0, c.rows(), 0, 2);
            }
        }
    }

    /** @param bits of vectors; 0 for Java */
    private static void check(LosslessCase c, LosslessWeight w, int bits, int first, int rows, int block, int blocks) {
        if (bits > 0 && (DotCode.Found.here().code() == null || bits > Lanes.SHAPE.vectorBitSize())) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            long stride = (long) blocks * BLOCK * Short.BYTES + 192;
            long to = arena.allocate((long) Math.ceilDiv(rows, GROUP) * GROUP * stride, 64)
                    .address();
            if (bits == 0) {
                PlainLossless.widen(w, first, rows, block, blocks, to, stride);
            } else {
                new LosslessCode(bits).widen(w, first, rows, block, blocks, to, stride);
            }
            short[] found = new short[rows * blocks * BLOCK];
            short[] expected = new short[found.length];
            for (int i = 0; i < found.length; i++) {
                int row = i / (blocks * BLOCK);
                int column = i % (blocks * BLOCK);
                found[i] = MEMORY.get(Lanes.SHORT, to + row * stride + 2L * column);
                expected[i] = c.bits()[(first + row) * c.columns() + block * BLOCK + column];
            }
            assertThat(found)
                    .as("%d bits, rows from %d, blocks from %d", bits, first, block)
                    .isEqualTo(expected);
        }
    }
}
