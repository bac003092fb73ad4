package dev.fovea.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.fovea.backend.shapes.ShapeBackend;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class ContractTest {
    private static final Backend SHAPES = new ShapeBackend();

    private static Tensor f32(int... dims) {
        return of(DType.FLOAT32, dims);
    }

    private static Tensor bf16(int... dims) {
        return of(DType.BFLOAT16, dims);
    }

    private static Tensor of(DType dtype, int... dims) {
        return Tensor.dense(SHAPES, dtype, Shape.of(dims), MemorySegment.NULL);
    }

    private static void refused(String message, ThrowingCallable call) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessageContaining(message);
    }

    @Test
    void theMessageNamesTheOperationTheRuleAndTheOperands() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Contract.linear(f32(2, 3), bf16(5, 4), null))
                .withMessage("linear: x is (T, K), w is (N, K); found float32[2, 3] and bfloat16[5, 4]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Contract.scale(f32(2, 3).transpose()))
                .withMessage("scale: the operand is densely packed; found float32[3, 2] with strides [1, 3]");
    }

    @Test
    void linear() {
        assertThat(Contract.linear(f32(2, 3), f32(5, 3), null)).isEqualTo(Shape.of(2, 5));
        assertThat(Contract.linear(f32(2, 9).slice(1, 3, 6), bf16(5, 3), of(DType.FLOAT16, 5)))
                .isEqualTo(Shape.of(2, 5));
        assertThat(Contract.linear(bf16(2, 3), bf16(3, 5).transpose(), bf16(5))).isEqualTo(Shape.of(2, 5));
        refused("dtype", () -> Contract.linear(bf16(2, 3), f32(5, 3), null));
        refused("dtype", () -> Contract.linear(bf16(2, 3), bf16(5, 3), f32(5)));
        refused("bias", () -> Contract.linear(f32(2, 3), f32(5, 3), f32(1, 5)));
        refused("transpose", () -> Contract.linear(f32(2, 3), f32(5, 4).slice(1, 0, 3), null));
        refused("rows", () -> Contract.linear(f32(3, 2).transpose(), f32(5, 3), null));
        refused("float32", () -> Contract.linear(of(DType.INT64, 2, 3), of(DType.INT64, 5, 3), null));
    }

    @Test
    void attention() {
        Tensor q = f32(2, 6, 8);
        Tensor k = f32(5, 10, 8).slice(1, 2, 5);
        assertThat(Contract.attention(q, k, k, Mask.full(2, 5))).isEqualTo(Shape.of(2, 6, 8));
        refused("divide", () -> Contract.attention(q, f32(5, 4, 8), f32(5, 4, 8), Mask.full(2, 5)));
        refused("divide", () -> Contract.attention(q, f32(5, 0, 8), f32(5, 0, 8), Mask.full(2, 5)));
        refused("(S, G, D)", () -> Contract.attention(q, k, f32(4, 3, 8), Mask.full(2, 5)));
        refused("dtype", () -> Contract.attention(q, bf16(5, 3, 8), bf16(5, 3, 8), Mask.full(2, 5)));
        refused("not 3", () -> Contract.attention(q, k, k, Mask.full(3, 5)));
        refused("0..6 of 5", () -> Contract.attention(q, k, k, Mask.full(2, 6)));
        refused("at least one", () -> Contract.attention(q, k, k, Mask.full(2, 0)));
        refused(
                "densely packed",
                () -> Contract.attention(q.permute(0, 2, 1), f32(5, 8, 6), f32(5, 8, 6), Mask.full(2, 5)));
    }

    @Test
    void masksWithTablesReachAsFarAsTheTable() {
        Tensor q = f32(1, 1, 4);
        Tensor k = f32(3, 1, 4);
        int[][] rows = {{2, 2, 0, 1}};
        Mask whole = new Mask(new int[] {0}, new int[] {0}, new int[] {4}, rows);
        assertThat(Contract.attention(q, k, k, whole)).isEqualTo(q.shape());
        Mask beyond = new Mask(new int[] {0}, new int[] {0}, new int[] {5}, rows);
        refused("0..5 of 4", () -> Contract.attention(q, k, k, beyond));
    }

    @Test
    void conv2d() {
        assertThat(Contract.conv2d(f32(7, 6, 4), f32(8, 4, 3, 2), f32(8), 2, 1, 1))
                .isEqualTo(Shape.of(4, 4, 8));
        assertThat(Contract.conv2d(f32(7, 6, 4), bf16(4, 1, 3, 3), null, 1, 1, 4))
                .isEqualTo(Shape.of(7, 6, 4));
        refused("4 groups", () -> Contract.conv2d(f32(7, 6, 4), f32(6, 1, 3, 3), null, 1, 1, 4));
        refused("1 groups", () -> Contract.conv2d(f32(7, 6, 4), f32(6, 3, 3, 3), null, 1, 1, 1));
        refused("fits", () -> Contract.conv2d(f32(2, 6, 4), f32(6, 4, 3, 3), null, 1, 0, 1));
        refused("stride 0", () -> Contract.conv2d(f32(7, 6, 4), f32(6, 4, 3, 3), null, 0, 0, 1));
    }

    @Test
    void norms() {
        assertThat(Contract.rmsNorm(f32(2, 3, 4), bf16(4))).isEqualTo(Shape.of(2, 3, 4));
        assertThat(Contract.rmsNormPlusOne(bf16(4), bf16(4))).isEqualTo(Shape.of(4));
        assertThat(Contract.layerNorm(f32(2, 4), f32(4), f32(4))).isEqualTo(Shape.of(2, 4));
        refused("rmsNorm: weight", () -> Contract.rmsNorm(f32(2, 4), f32(3)));
        refused("rmsNormPlusOne: a weight", () -> Contract.rmsNormPlusOne(bf16(4), f32(4)));
        refused("layerNorm: bias", () -> Contract.layerNorm(f32(2, 4), f32(4), f32(5)));
        refused("rmsNorm: x is", () -> Contract.rmsNorm(f32(), f32(1)));
    }

    @Test
    void rope() {
        assertThat(Contract.rope(bf16(5, 2, 8), f32(5, 4), f32(5, 4))).isEqualTo(Shape.of(5, 2, 8));
        assertThat(Contract.rope(bf16(5, 9, 8).slice(1, 1, 3), bf16(5, 4), bf16(5, 4)))
                .isEqualTo(Shape.of(5, 2, 8));
        refused("dtype", () -> Contract.rope(f32(5, 2, 8), bf16(5, 4), bf16(5, 4)));
        refused("dtype", () -> Contract.rope(bf16(5, 2, 8), f32(5, 4), bf16(5, 4)));
        refused("(T, D / 2)", () -> Contract.rope(f32(5, 2, 8), f32(5, 8), f32(5, 8)));
        refused("(T, D / 2)", () -> Contract.rope(f32(5, 2, 7), f32(5, 3), f32(5, 3)));
    }

    @Test
    void elementwise() {
        assertThat(Contract.add(f32(2, 3), bf16(3))).isEqualTo(Shape.of(2, 3));
        assertThat(Contract.gated(f32(2, 3), f32(2, 3))).isEqualTo(Shape.of(2, 3));
        assertThat(Contract.activation(f32())).isEqualTo(Shape.of());
        refused("add: y", () -> Contract.add(f32(2, 3), f32(1, 3)));
        refused("add: y", () -> Contract.add(f32(2, 3), f32(2)));
        refused("add: a weight", () -> Contract.add(bf16(2, 3), f32(2, 3)));
        refused("alike", () -> Contract.gated(f32(2, 3), bf16(2, 3)));
        refused("scale: the operand", () -> Contract.scale(f32(2, 3).slice(1, 0, 2)));
    }

    @Test
    void movement() {
        assertThat(Contract.copy(f32(2, 3).transpose(), DType.BFLOAT16)).isEqualTo(Shape.of(3, 2));
        assertThat(Contract.concat(List.of(f32(2, 3), f32(0, 3), f32(4, 3)))).isEqualTo(Shape.of(6, 3));
        assertThat(Contract.gatherRows(bf16(9, 4).slice(1, 1, 3), new int[] {8, 8, 0}, DType.FLOAT32))
                .isEqualTo(Shape.of(3, 2));
        assertThat(Contract.scatterRows(f32(4, 2, 3), new int[] {3, 0}, f32(2, 2, 3)))
                .isEqualTo(Shape.of(4, 2, 3));
        refused("int8", () -> Contract.copy(f32(2), DType.INT8));
        refused("nothing", () -> Contract.concat(List.of()));
        refused("alike", () -> Contract.concat(List.of(f32(2, 3), f32(2, 4))));
        refused("alike", () -> Contract.concat(List.of(f32(2, 3), bf16(2, 3))));
        refused("id 9", () -> Contract.gatherRows(f32(9, 4), new int[] {9}, DType.FLOAT32));
        refused("id -1", () -> Contract.gatherRows(f32(9, 4), new int[] {-1}, DType.FLOAT32));
        refused("bfloat16", () -> Contract.gatherRows(f32(9, 4), new int[] {1}, DType.BFLOAT16));
        refused("id 4", () -> Contract.scatterRows(f32(4, 2), new int[] {4}, f32(1, 2)));
        refused("(2, ...)", () -> Contract.scatterRows(f32(4, 2), new int[] {1, 2}, f32(1, 2)));
        refused("same dtype", () -> Contract.scatterRows(f32(4, 2), new int[] {1}, bf16(1, 2)));
    }

    @Test
    void means() {
        assertThat(Contract.avgPool2d(f32(4, 6, 5), 2)).isEqualTo(Shape.of(2, 3, 5));
        assertThat(Contract.meanRows(bf16(3, 4))).isEqualTo(Shape.of(1, 4));
        refused("multiples of 4", () -> Contract.avgPool2d(f32(4, 6, 5), 4));
        refused("T > 0", () -> Contract.meanRows(f32(0, 4)));
    }
}
