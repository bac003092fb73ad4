package dev.fovea.backend.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.BackendContract;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** The reference agrees with itself whatever the layout; what it says is checked by {@link TorchTest} and here. */
class ReferenceBackendTest extends BackendContract {
    ReferenceBackendTest() {
        super(new ReferenceBackend());
    }

    /** A mask's table means attention over the keys gathered by it, query by query. */
    @Test
    void attentionThroughATable() {
        ReferenceBackend backend = new ReferenceBackend();
        try (Scope _ = Scope.open(backend)) {
            Tensor q = Tensor.of(backend, new float[] {1, 2, -1, 0.5f}, 2, 1, 2);
            Tensor k = Tensor.of(backend, new float[] {1, 0, 0, 1, 1, 1}, 3, 1, 2);
            Tensor v = Tensor.of(backend, new float[] {1, 2, 3, 4, 5, 6}, 3, 1, 2);
            int[][] rows = {{2, 1, 0}, {1, 1, 2}};
            Mask mask = new Mask(new int[] {1, 0}, new int[] {0, 1}, new int[] {2, 3}, rows);
            float[] both = backend.attention(q, k, v, mask, 1).toFloats();
            // Query 0 sees row 1 twice; query 1 sees rows 1 and 0, with scores 0.5 and -1.
            double first = Math.exp(0.5) / (Math.exp(0.5) + Math.exp(-1));
            assertThat(both)
                    .containsExactly(3, 4, (float) (3 * first + 1 - first), (float) (4 * first + 2 * (1 - first)));

            Tensor seen = backend.gatherRows(k, new int[] {1, 0}, DType.FLOAT32);
            Tensor worth = backend.gatherRows(v, new int[] {1, 0}, DType.FLOAT32);
            assertThat(backend.attention(q.rows(1, 2), seen, worth, Mask.full(1, 2), 1)
                            .toFloats())
                    .containsExactly(both[2], both[3]);
        }
    }

    @Test
    void everySlabIsGivenBack() {
        try (ReferenceBackend backend = new ReferenceBackend()) {
            Tensor lost;
            try (Scope scope = Scope.open(backend)) {
                lost = scope.allocate(DType.FLOAT32, Shape.of(3));
                assertThat(lost.toFloats()).containsOnly(Float.NaN);
            }
            assertThat(lost.memory().scope().isAlive()).isFalse();
        }
    }
}
