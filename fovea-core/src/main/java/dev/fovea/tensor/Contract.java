package dev.fovea.tensor;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What each operation of {@link Backend} asks of its operands: one method per operation, by its name, that returns the
 * shape of the result. Every backend calls it first, so a wrong call fails the same way everywhere:
 *
 * <pre>{@code
 * public Tensor add(Tensor x, Tensor y) {
 *     Tensor out = Scope.current(this).allocate(x.dtype(), Contract.add(x, y));
 *     ...
 * }
 * }</pre>
 *
 * All methods throw {@link IllegalArgumentException} with the operation, the rule and the operands as found, and
 * {@link dev.fovea.error.ClosedException} for an operand whose memory is closed.
 */
public final class Contract {
    private Contract() {}

    /** {@link Backend#linear}: (T, N). */
    public static Shape linear(Tensor x, Tensor w, @Nullable Tensor bias) {
        String op = "linear";
        require(x.rank() == 2 && w.rank() == 2 && x.dim(1) == w.dim(1), op, "x is (T, K), w is (N, K)", x, w);
        rows(op, x);
        weight(op, x, w);
        require(
                w.isContiguous() || w.transpose().isContiguous(),
                op,
                "w is dense or the transpose of a dense one",
                x,
                w);
        vector(op, "bias is (N), N the rows of w", x, bias, w.dim(0));
        return Shape.of(x.dim(0), w.dim(0));
    }

    /** {@link Backend#linear(Tensor, QuantizedMatrix, Tensor)}: (T, N). */
    public static Shape linear(Tensor x, QuantizedMatrix w, @Nullable Tensor bias) {
        String op = "linear";
        w.requireOpen(op);
        require(x.rank() == 2 && x.dim(1) == w.columns(), op, "x is (T, K), w is (N, K)", x, w);
        rows(op, x);
        vector(op, "bias is (N), N the rows of w", x, bias, w.rows());
        return Shape.of(x.dim(0), w.rows());
    }

    /** {@link Backend#linear(Tensor, LosslessMatrix, Tensor)}: (T, N). */
    public static Shape linear(Tensor x, LosslessMatrix w, @Nullable Tensor bias) {
        String op = "linear";
        w.requireOpen(op);
        require(x.rank() == 2 && x.dim(1) == w.columns(), op, "x is (T, K), w is (N, K)", x, w);
        rows(op, x);
        weight(op, x, w.raw());
        vector(op, "bias is (N), N the rows of w", x, bias, w.rows());
        return Shape.of(x.dim(0), w.rows());
    }

    /** {@link Backend#linear(Tensor, Matrix, Tensor)}: (T, N). */
    public static Shape linear(Tensor x, Matrix w, @Nullable Tensor bias) {
        return switch (w) {
            case Tensor dense -> linear(x, dense, bias);
            case LosslessMatrix lossless -> linear(x, lossless, bias);
            case QuantizedMatrix quantized -> linear(x, quantized, bias);
        };
    }

    /** {@link Backend#attention}: (T, H, D). */
    public static Shape attention(Tensor q, Tensor k, Tensor v, Mask mask) {
        String op = "attention";
        require(
                q.rank() == 3 && k.rank() == 3 && k.shape().equals(v.shape()) && q.dim(2) == k.dim(2),
                op,
                "q is (T, H, D), k and v are (S, G, D)",
                q,
                k,
                v);
        require(k.dim(1) > 0 && q.dim(1) % k.dim(1) == 0, op, "the heads of k divide those of q", q, k, v);
        require(k.dtype() == q.dtype() && v.dtype() == q.dtype(), op, "q, k and v have one dtype", q, k, v);
        rows(op, q);
        rows(op, k);
        rows(op, v);
        require(mask.queries() == q.dim(0), op, "the mask has one entry per query, not " + mask.queries(), q, k, v);
        mask(mask, k.dim(0));
        return q.shape();
    }

    /** {@link Backend#conv2d}: (Y', X', O). */
    public static Shape conv2d(Tensor x, Tensor w, @Nullable Tensor bias, int stride, int padding, int groups) {
        String op = "conv2d";
        require(
                x.rank() == 3 && w.rank() == 4 && groups > 0 && x.dim(2) == w.dim(1) * groups && w.dim(0) % groups == 0,
                op,
                "x is (Y, X, C), w is (O, C / groups, ky, kx) with " + groups + " groups",
                x,
                w);
        dense(op, x);
        dense(op, w);
        weight(op, x, w);
        vector(op, "bias is (O)", x, bias, w.dim(0));
        int height = x.dim(0) + 2 * padding - w.dim(2);
        int width = x.dim(1) + 2 * padding - w.dim(3);
        require(
                stride > 0 && padding >= 0 && height >= 0 && width >= 0,
                op,
                "the kernel fits into the map with padding " + padding + " at stride " + stride,
                x,
                w);
        return Shape.of(height / stride + 1, width / stride + 1, w.dim(0));
    }

    /** {@link Backend#rmsNorm}: x's shape. */
    public static Shape rmsNorm(Tensor x, Tensor weight) {
        return norm("rmsNorm", x, weight, null);
    }

    /** {@link Backend#rmsNormPlusOne}: x's shape. */
    public static Shape rmsNormPlusOne(Tensor x, Tensor weight) {
        return norm("rmsNormPlusOne", x, weight, null);
    }

    /** {@link Backend#layerNorm}: x's shape. */
    public static Shape layerNorm(Tensor x, Tensor weight, Tensor bias) {
        return norm("layerNorm", x, weight, bias);
    }

    private static Shape norm(String op, Tensor x, Tensor weight, @Nullable Tensor bias) {
        require(x.rank() > 0, op, "x is (..., D)", x);
        dense(op, x);
        vector(op, "weight is (D), D the width of x", x, weight, x.dim(-1));
        vector(op, "bias is (D), D the width of x", x, bias, x.dim(-1));
        return x.shape();
    }

    /** {@link Backend#rope}: (T, H, D). */
    public static Shape rope(Tensor x, Tensor cos, Tensor sin) {
        String op = "rope";
        require(
                x.rank() == 3
                        && x.dim(2) % 2 == 0
                        && cos.shape().equals(Shape.of(x.dim(0), x.dim(2) / 2))
                        && sin.shape().equals(cos.shape()),
                op,
                "x is (T, H, D), cos and sin are (T, D / 2)",
                x,
                cos,
                sin);
        rows(op, x);
        dense(op, cos);
        dense(op, sin);
        require(
                cos.dtype() == sin.dtype() && (cos.dtype() == x.dtype() || cos.dtype() == DType.FLOAT32),
                op,
                "cos and sin have x's dtype or float32",
                x,
                cos,
                sin);
        return x.shape();
    }

    /** {@link Backend#activation}: x's shape. */
    public static Shape activation(Tensor x) {
        return dense("activation", x);
    }

    /** {@link Backend#gated}: their shape. */
    public static Shape gated(Tensor gate, Tensor up) {
        String op = "gated";
        require(gate.shape().equals(up.shape()) && gate.dtype() == up.dtype(), op, "gate and up are alike", gate, up);
        dense(op, up);
        return dense(op, gate);
    }

    /** {@link Backend#add}: x's shape. */
    public static Shape add(Tensor x, Tensor y) {
        return elementwise("add", x, y);
    }

    private static Shape elementwise(String op, Tensor x, Tensor y) {
        boolean row = x.rank() > 0 && y.rank() == 1 && y.dim(0) == x.dim(-1);
        require(row || y.shape().equals(x.shape()), op, "y has x's shape or is one row of it", x, y);
        weight(op, x, y);
        dense(op, y);
        return dense(op, x);
    }

    /** {@link Backend#scale}: x's shape. */
    public static Shape scale(Tensor x) {
        return dense("scale", x);
    }

    /** {@link Backend#copy}: x's shape. */
    public static Shape copy(Tensor x, DType dtype) {
        floating("copy", x);
        require(dtype.isFloating(), "copy", "the target is floating, not " + dtype.torchName(), x);
        return x.shape();
    }

    /** {@link Backend#concat}: (ΣT, …). */
    public static Shape concat(List<Tensor> parts) {
        String op = "concat";
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("concat: of nothing");
        }
        Tensor first = parts.getFirst();
        long total = 0;
        for (Tensor part : parts) {
            require(
                    part.rank() > 0
                            && part.rank() == first.rank()
                            && part.shape().with(0, 0).equals(first.shape().with(0, 0))
                            && part.dtype() == first.dtype(),
                    op,
                    "parts are alike but for their rows",
                    first,
                    part);
            dense(op, part);
            total += part.dim(0);
        }
        return first.shape().with(0, Math.toIntExact(total));
    }

    /** {@link Backend#gatherRows}: (ids.length, …). */
    public static Shape gatherRows(Tensor table, int[] ids, DType dtype) {
        String op = "gatherRows";
        require(table.rank() > 0, op, "table is (V, ...)", table);
        rows(op, table);
        require(
                dtype == table.dtype() || dtype == DType.FLOAT32,
                op,
                "the result has the table's dtype or float32, not " + dtype.torchName(),
                table);
        ids(op, ids, table);
        return table.shape().with(0, ids.length);
    }

    /** {@link Backend#scatterRows}: the target's shape. */
    public static Shape scatterRows(Tensor target, int[] ids, Tensor source) {
        String op = "scatterRows";
        require(
                target.rank() > 0
                        && source.rank() > 0
                        && source.shape().equals(target.shape().with(0, ids.length))
                        && source.dtype() == target.dtype(),
                op,
                "target is (T, ...), source is (" + ids.length + ", ...) of the same dtype",
                target,
                source);
        rows(op, target);
        rows(op, source);
        ids(op, ids, target);
        return target.shape();
    }

    /** {@link Backend#avgPool2d}: (Y / size, X / size, C). */
    public static Shape avgPool2d(Tensor x, int size) {
        String op = "avgPool2d";
        require(
                x.rank() == 3 && size > 0 && x.dim(0) % size == 0 && x.dim(1) % size == 0,
                op,
                "x is (Y, X, C), Y and X multiples of " + size,
                x);
        dense(op, x);
        return Shape.of(x.dim(0) / size, x.dim(1) / size, x.dim(2));
    }

    /** {@link Backend#meanRows}: (1, D). */
    public static Shape meanRows(Tensor x) {
        require(x.rank() == 2 && x.dim(0) > 0, "meanRows", "x is (T, D), T > 0", x);
        dense("meanRows", x);
        return Shape.of(1, x.dim(1));
    }

    /** {@link Backend#argmax}: (T). */
    public static Shape argmax(Tensor x) {
        require(x.rank() == 2 && x.dim(1) > 0, "argmax", "x is (T, D), D > 0", x);
        dense("argmax", x);
        return Shape.of(x.dim(0));
    }

    // ----------------------------------------------------------------------------------------------------- rules

    private static void floating(String op, Tensor x) {
        x.requireOpen(op);
        require(x.dtype().isFloating(), op, "operands are float32, bfloat16 or float16", x);
    }

    private static Shape dense(String op, Tensor x) {
        floating(op, x);
        require(x.isContiguous(), op, "the operand is densely packed", x);
        return x.shape();
    }

    /** The first axis may be strided. */
    private static void rows(String op, Tensor x) {
        floating(op, x);
        require(x.isDenseFrom(1), op, "the rows of the operand are densely packed", x);
    }

    private static void weight(String op, Tensor x, Tensor w) {
        w.requireOpen(op);
        require(
                w.dtype() == x.dtype()
                        || (x.dtype() == DType.FLOAT32 && w.dtype().isFloating()),
                op,
                "a weight has the activations' dtype, or any beside float32",
                x,
                w);
    }

    private static void vector(String op, String rule, Tensor x, @Nullable Tensor v, int width) {
        if (v != null) {
            require(v.rank() == 1 && v.dim(0) == width, op, rule, x, v);
            weight(op, x, v);
            dense(op, v);
        }
    }

    private static void ids(String op, int[] ids, Tensor table) {
        for (int id : ids) {
            if (id < 0 || id >= table.dim(0)) {
                throw new IllegalArgumentException(op + ": id " + id + " for a table " + table);
            }
        }
    }

    private static void mask(Mask mask, int keys) {
        for (int i = 0; i < mask.queries(); i++) {
            int from = mask.from()[i];
            int to = mask.to()[i];
            int positions = mask.rows().length == 0 ? keys : mask.rows()[mask.sequence()[i]].length;
            if (from < 0 || to <= from || to > positions) {
                throw new IllegalArgumentException("attention: query " + i + " sees keys " + from + ".." + to + " of "
                        + positions + "; each sees at least one");
            }
            assert mask.rows().length == 0 || rowsExist(mask, i, keys)
                    : "attention: query " + i + " sees rows beyond " + keys;
        }
    }

    private static boolean rowsExist(Mask mask, int query, int keys) {
        return IntStream.range(mask.from()[query], mask.to()[query])
                .map(position -> mask.row(query, position))
                .allMatch(row -> row >= 0 && row < keys);
    }

    private static void require(boolean rule, String op, String text, Matrix... operands) {
        if (!rule) {
            String found = Stream.of(operands).map(Contract::describe).collect(Collectors.joining(" and "));
            throw new IllegalArgumentException(op + ": " + text + "; found " + found);
        }
    }

    private static String describe(Matrix operand) {
        if (!(operand instanceof Tensor x) || x.isContiguous()) {
            return operand.toString();
        }
        long[] strides = new long[x.rank()];
        Arrays.setAll(strides, x::stride);
        return x + " with strides " + Arrays.toString(strides);
    }
}
