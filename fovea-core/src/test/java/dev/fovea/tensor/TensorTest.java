package dev.fovea.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.backend.reference.ReferenceBackend;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TensorTest {
    private final Backend backend = new ReferenceBackend();
    private Scope scope;

    @BeforeEach
    void open() {
        scope = Scope.open(backend);
    }

    @AfterEach
    void close() {
        scope.close();
        backend.close();
    }

    /** 0, 1, 2, ... in a shape. */
    private Tensor counting(int... dims) {
        float[] values = new float[(int) Shape.of(dims).size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        return Tensor.of(backend, values, dims);
    }

    private static boolean shareMemory(Tensor a, Tensor b) {
        return a.memory().address() == b.memory().address();
    }

    @Test
    void describesItself() {
        Tensor t = counting(2, 3);
        assertThat(t).hasToString("float32[2, 3]");
        assertThat(t.rank()).isEqualTo(2);
        assertThat(t.dim(-1)).isEqualTo(3);
        assertThat(t.stride(-2)).isEqualTo(3);
        assertThat(t.backend()).isSameAs(backend);
    }

    @Test
    void ofRefusesAnotherNumberOfValues() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Tensor.of(backend, new float[5], 2, 3))
                .withMessage("5 values for shape [2, 3]");
    }

    @Test
    void sliceIsAView() {
        Tensor t = counting(3, 4);
        Tensor columns = t.slice(-1, 1, 3);
        assertThat(shareMemory(columns, t)).isTrue();
        assertThat(columns.shape()).isEqualTo(Shape.of(3, 2));
        assertThat(columns.isContiguous()).isFalse();
        assertThat(columns.isDenseFrom(1)).isTrue();
        assertThat(columns.toFloats()).containsExactly(1, 2, 5, 6, 9, 10);
        assertThat(columns.slice(1, 1, 2).rows(1, 3).toFloats()).containsExactly(6, 10);
    }

    @Test
    void rowsOfADenseTensorAreDense() {
        Tensor rows = counting(3, 4).rows(1, 3);
        assertThat(rows.isContiguous()).isTrue();
        assertThat(rows.offset()).isEqualTo(4);
        assertThat(rows.toFloats()).containsExactly(4, 5, 6, 7, 8, 9, 10, 11);
    }

    @Test
    void sliceMayBeEmptyButNotOutside() {
        Tensor t = counting(3, 4);
        assertThat(t.slice(1, 4, 4).toFloats()).isEmpty();
        assertThat(t.slice(1, 1, 3).rows(2, 2).isContiguous()).isTrue();
        for (int[] range : new int[][] {{-1, 2}, {2, 1}, {0, 5}}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> t.slice(1, range[0], range[1]))
                    .withMessageContaining("[3, 4]");
        }
    }

    @Test
    void permuteMovesAxes() {
        Tensor t = counting(2, 3, 4);
        Tensor p = t.permute(2, 0, 1);
        assertThat(shareMemory(p, t)).isTrue();
        assertThat(p.shape()).isEqualTo(Shape.of(4, 2, 3));
        float[] values = p.toFloats();
        for (int i = 0; i < 4; i++) {
            for (int j = 0; j < 2; j++) {
                for (int k = 0; k < 3; k++) {
                    assertThat(values[(i * 2 + j) * 3 + k]).isEqualTo(j * 12 + k * 4 + i);
                }
            }
        }
        assertThat(p.permute(1, 2, 0).isContiguous()).isTrue();
    }

    @Test
    void transposeSwapsAMatrix() {
        assertThat(counting(2, 3).transpose().toFloats()).containsExactly(0, 3, 1, 4, 2, 5);
    }

    /** An axis of one element has no stride to speak of. */
    @Test
    void axesOfOneElementDoNotMatter() {
        assertThat(counting(1, 5).transpose().isContiguous()).isTrue();
        assertThat(counting(4, 5).slice(1, 2, 5).rows(1, 2).isContiguous()).isTrue();
        assertThat(counting(3, 1, 4).permute(1, 0, 2).isContiguous()).isTrue();
    }

    @Test
    void reshapeOfDenseIsAView() {
        Tensor t = counting(4, 6).rows(1, 3);
        Tensor r = t.reshape(3, -1);
        assertThat(shareMemory(r, t)).isTrue();
        assertThat(r.shape()).isEqualTo(Shape.of(3, 4));
        assertThat(r.toFloats()).containsExactly(t.toFloats());
        assertThat(t.reshape(12).reshape(1, 2, 6, 1).toFloats()).containsExactly(t.toFloats());
    }

    /** The heads of a fused projection: rows apart, each dense. */
    @Test
    void reshapeOfStridedRowsIsAView() {
        Tensor t = counting(3, 10).slice(1, 4, 8);
        Tensor heads = t.reshape(3, 2, -1);
        assertThat(shareMemory(heads, t)).isTrue();
        assertThat(heads.isDenseFrom(1)).isTrue();
        assertThat(heads.stride(0)).isEqualTo(10);
        assertThat(heads.toFloats()).containsExactly(4, 5, 6, 7, 14, 15, 16, 17, 24, 25, 26, 27);
        assertThat(shareMemory(heads.reshape(3, 4), t)).isTrue();
    }

    @Test
    void reshapeCopiesWhereAViewCannotDo() {
        Tensor t = counting(2, 3);
        Tensor r = t.transpose().reshape(2, 3);
        assertThat(shareMemory(r, t)).isFalse();
        assertThat(r.toFloats()).containsExactly(0, 3, 1, 4, 2, 5);
        assertThat(counting(3, 4).slice(1, 1, 3).reshape(6).toFloats()).containsExactly(1, 2, 5, 6, 9, 10);
    }

    @Test
    void reshapeRefusesAnotherSize() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> counting(2, 3).reshape(4, -1))
                .withMessage("reshape of [2, 3] to [4, -1]");
        assertThatIllegalArgumentException().isThrownBy(() -> counting(2, 3).reshape(7));
    }

    @Test
    void contiguousCopiesOnlyWhatIsNot() {
        Tensor t = counting(2, 3);
        assertThat(t.contiguous()).isSameAs(t);
        Tensor packed = t.transpose().contiguous();
        assertThat(packed.isContiguous()).isTrue();
        assertThat(packed.toFloats()).containsExactly(0, 3, 1, 4, 2, 5);
    }

    @Test
    void toFloatsWidens() {
        Tensor t = Tensor.of(backend, new float[] {1, -2.5f, 1e30f, 65504}, 2, 2);
        assertThat(t.to(DType.FLOAT32)).isSameAs(t);
        assertThat(t.to(DType.FLOAT16).toFloats()).containsExactly(1, -2.5f, Float.POSITIVE_INFINITY, 65504);
        assertThat(t.to(DType.BFLOAT16).transpose().toFloats())
                .containsExactly(1, Float.intBitsToFloat(0x714a0000), -2.5f, 65536);
        assertThat(t.to(DType.BFLOAT16).rows(1, 2).slice(1, 1, 2).toFloats()).containsExactly(65536);
    }

    @Test
    void toFloatsOfIntegersIsRefused() {
        assertThatThrownBy(scope.allocate(DType.INT64, Shape.of(2))::toFloats)
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("int64");
    }

    @Test
    void stagesGoToTheListener() {
        List<String> heard = new ArrayList<>();
        Tensor t = counting(2);
        assertThat(t.named("nobody listens")).isSameAs(t);
        Tensor result = Tensor.withStages(
                (stage, x) -> heard.add(stage + " " + x),
                () -> t.named("a").scale(2).named("b"));
        assertThat(result.toFloats()).containsExactly(0, 2);
        assertThat(heard).containsExactly("a float32[2]", "b float32[2]");
    }

    @Test
    void shapesCompareAndRefuseNegativeExtents() {
        assertThat(Shape.of(2, 3))
                .isEqualTo(Shape.of(2, 3))
                .isNotEqualTo(Shape.of(3, 2))
                .hasSameHashCodeAs(Shape.of(2, 3));
        assertThat(Shape.of().size()).isEqualTo(1);
        assertThat(Shape.of(2, 3, 4).with(-1, 5)).isEqualTo(Shape.of(2, 3, 5));
        assertThat(Shape.of(2, 3, 4).denseStrides()).containsExactly(12, 4, 1);
        assertThatIllegalArgumentException().isThrownBy(() -> Shape.of(1, -1));
    }
}
