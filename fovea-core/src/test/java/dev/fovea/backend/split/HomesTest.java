package dev.fovea.backend.split;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.error.ClosedException;
import dev.fovea.nn.CrossCache;
import dev.fovea.nn.KvCache;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.Backend.Projection;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Where things come to lie when a model computes in two parts. */
class HomesTest {
    private final Backend first = new ReferenceBackend();
    private final Backend second = new ReferenceBackend();
    private final SplitBackend split =
            new SplitBackend(List.of(first, second), name -> name.equals("second") ? second : first);

    @AfterEach
    void close() {
        split.close();
    }

    private Tensor ones(Backend home, int... dims) {
        Tensor x = Scope.current(split).allocate(home, DType.FLOAT32, Shape.of(dims));
        float[] values = new float[Math.toIntExact(x.shape().size())];
        Arrays.fill(values, 1);
        split.write(MemorySegment.ofArray(values), x);
        return x;
    }

    @Test
    void operationsRunWhereTheirWeightIs() {
        try (Scope _ = Scope.open(split)) {
            Tensor x = ones(first, 2, 4);
            assertThat(split.linear(x, ones(second, 3, 4), null).home()).isSameAs(second);
            assertThat(split.rmsNorm(x, ones(second, 4), 1e-6f).home()).isSameAs(second);
            assertThat(x.add(ones(second, 2, 4)).home()).isSameAs(second);
            assertThat(ones(second, 2, 4).add(x).home()).isSameAs(first);
            assertThat(ones(second, 2, 4).scale(2).toFloats()).containsOnly(2);
        }
    }

    @Test
    void severalProductsRunWhereTheirWeightsAre() {
        try (Scope _ = Scope.open(split)) {
            Tensor x = ones(first, 2, 4);
            Projection withBias = new Projection(ones(second, 3, 4), ones(first, 3));
            List<Tensor> together = split.linear(x, List.of(withBias, new Projection(ones(second, 5, 4), null)));
            assertThat(together).allMatch(y -> y.home() == second && y.backend() == split);
            assertThat(together.getFirst().toFloats()).hasSize(6).containsOnly(5);
            assertThat(together.getLast().toFloats()).hasSize(10).containsOnly(4);

            Tensor gated = split.gatedLinear(x, withBias, withBias, Activation.RELU);
            assertThat(gated.home()).isSameAs(second);
            assertThat(gated.toFloats()).hasSize(6).containsOnly(25);

            List<Tensor> apart = split.linear(x, List.of(withBias, new Projection(ones(first, 5, 4), null)));
            assertThat(apart).extracting(Tensor::home).containsExactly(second, first);
            assertThat(apart.getFirst().toFloats()).containsOnly(5);
        }
    }

    @Test
    void theHiddenStateStaysWhereTheLayersAre() {
        try (Scope _ = Scope.open(split)) {
            Tensor x = ones(first, 2, 4);
            Tensor kept = Scope.update(x, h -> split.linear(h, ones(first, 4, 4), null));
            assertThat(kept).isSameAs(x);
            Tensor gone = Scope.update(x, h -> split.linear(h, ones(second, 4, 4), null));
            assertThat(gone.home()).isSameAs(second);
            Tensor stays = Scope.update(gone, h -> split.linear(h, ones(second, 4, 4), null));
            assertThat(stays).isSameAs(gone);
            assertThat(stays.toFloats()).containsOnly(64);
        }
    }

    @Test
    void aTableGoesOverOnce() {
        try (Scope _ = Scope.open(split)) {
            Tensor table = ones(first, 2, 2);
            Travels travels = new Travels();
            Tensor there = travels.at(table, second);
            assertThat(there.home()).isSameAs(second);
            assertThat(travels.at(table, second)).isSameAs(there);
            assertThat(travels.at(ones(first, 2, 2), second)).isNotSameAs(there);
        }
    }

    @Test
    void cachesLieWhereTheirLayersCompute() {
        try (KvCache cache = KvCache.full(split, DType.FLOAT32, 2, 1, 4);
                CrossCache cross = new CrossCache(split, DType.FLOAT32, 1, 1, 4)) {
            cache.addSequence();
            for (int step = 0; step < 70; step++) { // past the first growth
                try (Scope _ = Scope.open(split)) {
                    KvCache.Step rows = cache.append(new int[] {0}, new int[] {1});
                    assertThat(attend(rows, 0, first).home()).isSameAs(first);
                    Tensor there = attend(rows, 1, second);
                    assertThat(there.home()).isSameAs(second);
                    assertThat(there.toFloats()).containsOnly(1);
                }
            }
            try (Scope _ = Scope.open(split)) {
                assertThat(cross.add(2)).isZero();
                cross.put(0, 0, ones(second, 2, 1, 4), ones(second, 2, 1, 4));
                Tensor seen = cross.attend(0, ones(first, 1, 1, 4), cross.mask(new int[1]), 1);
                assertThat(seen.home()).isSameAs(second);
                assertThat(seen.toFloats()).containsOnly(1);
            }
        }
    }

    private Tensor attend(KvCache.Step rows, int layer, Backend home) {
        return rows.attend(layer, ones(home, 1, 1, 4), ones(home, 1, 1, 4), ones(home, 1, 1, 4), 1);
    }

    @Test
    void closingClosesBoth() {
        split.close();
        assertThatThrownBy(second::use).isInstanceOf(ClosedException.class);
        assertThatThrownBy(() -> Scope.open(split)).isInstanceOf(ClosedException.class);
    }
}
