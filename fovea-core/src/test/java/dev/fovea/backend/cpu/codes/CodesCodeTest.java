package dev.fovea.backend.cpu.codes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fovea.backend.QuantizedCase;
import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.QuantizedMatrix.Form;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class CodesCodeTest {
    private static final int TILES = 7; // four side by side, and three

    /** What processors of one maker never run, those of another always do. */
    @Test
    void askingForCodesAheadChangesNothing() {
        CodesCode here = CodesCode.here();
        int most = here == null ? 0 : here.rows();
        assumeTrue(most == WideCodesCode.ROWS, "a processor with AVX512_VNNI");
        SplittableRandom random = new SplittableRandom(3);
        for (Form form : List.of(new Form(8, 32), new Form(4, 32), new Form(4, 128))) {
            for (int rows = 1; rows <= most; rows++) {
                int columns = rows % 2 == 0 ? 384 : 4096; // short tiles and long ones
                QuantizedCase c = QuantizedCase.draw(random, form, TILES * 16, columns, rows);
                float[] asking = products(new CodesCode(true, true), c, rows);
                assertThat(products(new CodesCode(true, false), c, rows))
                        .as(form + ", rows " + rows)
                        .isEqualTo(asking);
            }
        }
    }

    /** The sums as the kernel leaves them. */
    private static float[] products(CodesCode code, QuantizedCase c, int rows) {
        try (Backend cpu = CpuBackend.create(CpuBackend.Options.defaults());
                Scope _ = Scope.open(cpu);
                Arena arena = Arena.ofConfined()) {
            Codes w = Codes.of(c.on(cpu));
            MemorySegment x = arena.allocate(CodesCode.bytes(w.bits(), rows, w.blocks()));
            Tensor values = Tensor.of(cpu, c.x(), rows, c.columns());
            for (int row = 0; row < rows; row++) {
                long at = values.memory().address() + 4L * row * c.columns();
                code.row(w, at, row, rows, x.address());
            }
            long bytes = CodesCode.resultBytes(rows, TILES);
            MemorySegment results = arena.allocate(bytes);
            long at = code.multiply(w, 0, TILES, x.address(), rows, results.address());
            return results.asSlice(at - results.address(), (long) rows * TILES * 16 * Float.BYTES)
                    .toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        }
    }
}
