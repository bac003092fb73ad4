package dev.fovea.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import org.junit.jupiter.api.Test;

class CrossCacheTest {
    private final ReferenceBackend backend = new ReferenceBackend();

    /** With keys of zeros every position weighs the same, so that an answer is the mean of an input's values. */
    @Test
    void eachQuerySeesTheWholeOfItsInput() {
        try (CrossCache cache = new CrossCache(backend, DType.FLOAT32, 2, 1, 1);
                Scope _ = Scope.open(backend)) {
            assertThat(cache.add(2)).isEqualTo(0);
            assertThat(cache.add(3)).isEqualTo(1);
            for (int layer = 0; layer < 2; layer++) {
                cache.put(layer, 1, column(0, 0, 0), column(10 + layer, 20, 60));
                cache.put(layer, 0, column(0, 0), column(1 + layer, 3));
            }
            int[] inputs = {0, 1, 1, 0};
            Tensor queries = column(5, 6, 7, 8);
            assertThat(cache.attend(0, queries, cache.mask(inputs), 1).toFloats())
                    .containsExactly(2, 30, 30, 2);
            assertThat(cache.attend(1, queries, cache.mask(inputs), 1).toFloats())
                    .containsExactly(2.5f, 91f / 3, 91f / 3, 2.5f);
        }
    }

    private Tensor column(float... values) {
        return Tensor.of(backend, values, values.length, 1, 1);
    }
}
