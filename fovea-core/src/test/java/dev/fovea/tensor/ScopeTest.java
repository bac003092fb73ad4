package dev.fovea.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.backend.shapes.ShapeBackend;
import dev.fovea.error.ClosedException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ScopeTest {
    private static final int SLAB = 4 << 20;

    private final Backend backend = new ReferenceBackend();

    @AfterEach
    void nothingIsLeftOpen() {
        assertThatIllegalStateException().isThrownBy(() -> Scope.current(backend));
        backend.close();
    }

    private Tensor floats(float... values) {
        return Tensor.of(backend, values, values.length);
    }

    @Test
    void operationsAllocateInTheInnermost() {
        try (Scope outer = Scope.open(backend)) {
            try (Scope inner = Scope.open(backend)) {
                assertThat(Scope.current(backend)).isSameAs(inner);
                floats(1).scale(2);
                assertThat(inner.bytes()).isEqualTo(SLAB);
                assertThat(outer.bytes()).isZero();
            }
            assertThat(Scope.current(backend)).isSameAs(outer);
        }
    }

    @Test
    void closingReleasesTheMemory() {
        Tensor lost;
        Scope scope = Scope.open(backend);
        try (scope) {
            lost = floats(1, 2);
            assertThat(lost.toFloats()).containsExactly(1, 2);
        }
        assertThat(scope.bytes()).isZero();
        assertThatThrownBy(lost::toFloats).isInstanceOf(ClosedException.class);
        assertThatThrownBy(() -> scope.allocate(DType.FLOAT32, Shape.of(1))).isInstanceOf(ClosedException.class);
        scope.close(); // once more does nothing
    }

    @Test
    void tensorsAreAlignedAndApart() {
        try (Scope scope = Scope.open(backend)) {
            Tensor first = scope.allocate(DType.BFLOAT16, Shape.of(3));
            Tensor second = scope.allocate(DType.FLOAT32, Shape.of(17));
            Tensor empty = scope.allocate(DType.FLOAT32, Shape.of(0, 3));
            Tensor third = scope.allocate(DType.FLOAT32, Shape.of());
            assertThat(second.memory().address() - first.memory().address()).isEqualTo(64);
            assertThat(empty.memory().address() - second.memory().address()).isEqualTo(128);
            assertThat(third.memory().address() % 64).isZero();
            assertThat(scope.bytes()).isEqualTo(SLAB);
        }
    }

    @Test
    void aTensorLargerThanASlabHasItsOwnAndTheRestOfTheOtherIsUsed() {
        try (Scope scope = Scope.open(backend)) {
            scope.allocate(DType.FLOAT32, Shape.of(1));
            scope.allocate(DType.FLOAT32, Shape.of(2 << 20));
            assertThat(scope.bytes()).isEqualTo(SLAB + (8 << 20));
            scope.allocate(DType.FLOAT32, Shape.of(1));
            assertThat(scope.bytes()).isEqualTo(SLAB + (8 << 20));
        }
    }

    @Test
    void keepLeavesTheResultOnly() {
        try (Scope outer = Scope.open(backend)) {
            Tensor[] middle = new Tensor[1];
            Tensor kept = Scope.keep(backend, () -> {
                middle[0] = floats(1, 2, 3);
                return middle[0].scale(2);
            });
            assertThat(kept.toFloats()).containsExactly(2, 4, 6);
            assertThat(outer.bytes()).isEqualTo(SLAB);
            assertThatThrownBy(middle[0]::toFloats).isInstanceOf(ClosedException.class);
        }
    }

    @Test
    void keepNestsAndPacksViews() {
        try (Scope _ = Scope.open(backend)) {
            Tensor kept = Scope.keep(
                    backend,
                    () -> Scope.keep(
                                    backend,
                                    () -> Tensor.of(backend, new float[] {1, 2, 3, 4, 5, 6}, 2, 3)
                                            .transpose())
                            .slice(1, 1, 2));
            assertThat(kept.shape()).isEqualTo(Shape.of(3, 1));
            assertThat(kept.isContiguous()).isTrue();
            assertThat(kept.toFloats()).containsExactly(4, 5, 6);
        }
    }

    @Test
    void keepClosesItsScopeWhenTheComputationFails() {
        try (Scope outer = Scope.open(backend)) {
            assertThatThrownBy(() -> Scope.keep(backend, () -> {
                        throw new IllegalArgumentException("failed");
                    }))
                    .hasMessage("failed");
            assertThat(Scope.current(backend)).isSameAs(outer);
        }
    }

    @Test
    void keepNeedsAnOpenScope() {
        assertThatIllegalStateException().isThrownBy(() -> Scope.keep(backend, () -> floats(1)));
    }

    @Test
    void detachedOutlivesTheStep() {
        Scope cache = Scope.detached(backend);
        Tensor adopted;
        try (Scope step = Scope.open(backend)) {
            assertThat(Scope.current(backend)).isSameAs(step);
            adopted = cache.adopt(
                    Tensor.of(backend, new float[] {1, 2, 3, 4}, 2, 2).transpose());
        }
        assertThat(adopted.toFloats()).containsExactly(1, 3, 2, 4);
        // Another thread may close it, and a strided tensor may be adopted where no scope is open.
        CompletableFuture.runAsync(() -> {
                    assertThat(cache.adopt(adopted.transpose()).toFloats()).containsExactly(1, 2, 3, 4);
                    cache.close();
                })
                .join();
        assertThatThrownBy(adopted::toFloats).isInstanceOf(ClosedException.class);
    }

    /** Else a picture's rows that are kept would hold a tower's activations, and the next tower take others. */
    @Test
    void whatIsDetachedHoldsItsOwnBytes() {
        try (Backend cpu = CpuBackend.create(new CpuBackend.Options(1, CpuBackend.GemmChoice.AUTO));
                Scope kept = Scope.detached(cpu)) {
            try (Scope step = Scope.open(cpu)) {
                step.allocate(DType.FLOAT32, Shape.of(6 << 20));
            }
            kept.allocate(DType.FLOAT32, Shape.of(2 << 20));
            assertThat(kept.bytes()).isEqualTo(8 << 20);
        }
    }

    /** Adopting a view packs it somewhere; that must not stay in the scope at hand. */
    @Test
    void adoptLeavesNothingInTheCurrentScope() {
        try (Scope source = Scope.detached(backend);
                Scope target = Scope.detached(backend);
                Scope step = Scope.open(backend)) {
            Tensor matrix = source.allocate(DType.FLOAT32, Shape.of(2, 3));
            target.adopt(matrix.transpose());
            assertThat(step.bytes()).isZero();
        }
    }

    @Test
    void scopesCloseInnermostFirst() {
        Scope outer = Scope.open(backend);
        Scope inner = Scope.open(backend);
        assertThatIllegalStateException().isThrownBy(outer::close).withMessageContaining("innermost first");
        inner.close();
        outer.close();
    }

    @Test
    void openScopesBelongToTheirThread() {
        try (Scope scope = Scope.open(backend)) {
            CompletableFuture.runAsync(() -> {
                        assertThatIllegalStateException().isThrownBy(() -> Scope.current(backend));
                        assertThatIllegalStateException().isThrownBy(scope::close);
                    })
                    .join();
            assertThat(floats(1).toFloats()).containsExactly(1);
        }
    }

    @Test
    void aScopeServesOneBackend() {
        try (Backend other = new ReferenceBackend();
                Scope _ = Scope.open(other)) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> Scope.current(backend))
                    .withMessageContaining("reference")
                    .withMessageContaining("Scope.open");
        }
    }

    @Test
    void updateWritesOverAPartAndFreesTheRest() {
        try (Scope scope = Scope.open(backend)) {
            Tensor x = floats(1, 2, 3, 4).reshape(2, 2);
            long held = scope.bytes();
            Scope.update(x.rows(1, 2), row -> row.scale(10).add(row).reshape(1, 2));
            assertThat(x.toFloats()).containsExactly(1, 2, 33, 44);
            assertThat(scope.bytes()).isEqualTo(held);
            assertThatIllegalArgumentException().isThrownBy(() -> Scope.update(x, y -> y.rows(0, 1)));
            assertThatIllegalArgumentException().isThrownBy(() -> Scope.update(x.transpose(), y -> y));
        }
    }

    @Test
    void shapesNeedNoMemory() {
        Backend shapes = new ShapeBackend();
        try (Scope scope = Scope.open(shapes);
                Scope cache = Scope.detached(shapes)) {
            Tensor huge =
                    scope.allocate(DType.BFLOAT16, Shape.of(1 << 20, 1 << 20)).to(DType.FLOAT32);
            assertThat(cache.adopt(huge.transpose()).shape()).isEqualTo(Shape.of(1 << 20, 1 << 20));
            assertThat(Scope.keep(shapes, () -> huge.rows(0, 5)).shape()).isEqualTo(Shape.of(5, 1 << 20));
            assertThat(cache.bytes()).as("would be").isEqualTo(1L << 42);
        }
    }

    @Test
    void operationsRefuseTensorsOfClosedScopes() {
        try (Scope _ = Scope.open(backend)) {
            Tensor kept = Scope.keep(backend, () -> floats(1, 2));
            Tensor view;
            try (Scope inner = Scope.open(backend)) {
                view = inner.allocate(DType.FLOAT32, Shape.of(1, 2)).reshape(2);
            }
            assertThatThrownBy(() -> kept.add(view))
                    .isInstanceOf(ClosedException.class)
                    .hasMessageStartingWith("add: the memory of float32[2] is closed");
        }
    }

    @Test
    void aLeaseKeepsADetachedScope() {
        Scope cache = Scope.detached(backend);
        Tensor kept;
        try (Scope _ = Scope.open(backend)) {
            kept = cache.adopt(floats(1, 2));
        }
        try (var _ = cache.use("cache")) {
            cache.close();
            assertThat(kept.toFloats()).containsExactly(1, 2);
            assertThatThrownBy(() -> cache.allocate(DType.FLOAT32, Shape.of(1))).isInstanceOf(ClosedException.class);
        }
        assertThatThrownBy(kept::toFloats).isInstanceOf(ClosedException.class);
        assertThatThrownBy(() -> cache.use("cache")).hasMessageStartingWith("this cache is closed");
    }

    /** An open scope keeps its backend. */
    @Test
    void aBackendEndsWithItsLastScope() {
        try (Scope _ = Scope.open(backend)) {
            backend.close();
            try (Scope _ = Scope.open(backend)) {
                assertThat(floats(1, 2).scale(3).toFloats()).containsExactly(3, 6);
            }
        }
        assertThatThrownBy(() -> Scope.open(backend))
                .isInstanceOf(ClosedException.class)
                .hasMessageStartingWith("this backend is closed");
    }

    @Test
    void aForgottenDetachedScopeGivesItsMemoryBack() throws InterruptedException {
        Tensor kept = Scope.detached(backend).allocate(DType.FLOAT32, Shape.of(3));
        MemorySegment lost =
                Scope.detached(backend).allocate(DType.FLOAT32, Shape.of(3)).memory();
        Garbage.collect(() -> !lost.scope().isAlive());
        assertThat(kept.toFloats()).hasSize(3); // its scope is not forgotten
    }
}
