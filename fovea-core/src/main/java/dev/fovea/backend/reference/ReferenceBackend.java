package dev.fovea.backend.reference;

import dev.fovea.error.ClosedException;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.Contract;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.HostMemory;
import dev.fovea.tensor.Lifetime;
import dev.fovea.tensor.LosslessMatrix;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * What each operation means: its formula for element i of the result, in row-major order. Sums are float64, nearer to the
 * ideal than float32; where the contract rounds in the middle, so does the formula.
 *
 * <p>Every operand is read whole, through its strides, so layouts do not appear in the formulas.
 */
public final class ReferenceBackend implements Backend {
    private static final byte NAN_BYTE = -1;

    private final Slabs slabs = new Slabs();
    private final Lifetime lifetime = new Lifetime(slabs::close);

    @Override
    public String name() {
        return "reference";
    }

    /** Filled with NaN of all dtypes, so that a value read before it was written shows in the result. */
    @Override
    public MemorySegment allocateSlab(long bytes) {
        return slabs.take(bytes).fill(NAN_BYTE);
    }

    @Override
    public void releaseSlab(MemorySegment slab) {
        slabs.giveBack(slab);
    }

    @Override
    public Lifetime.Lease use() {
        return lifetime.use("backend");
    }

    @Override
    public void close() {
        lifetime.close();
    }

    private static final class Slabs {
        private final Map<Long, Arena> arenas = new HashMap<>();
        private boolean closed;

        synchronized MemorySegment take(long bytes) {
            if (closed) {
                throw ClosedException.of("backend");
            }
            Arena arena = Arena.ofShared();
            MemorySegment slab = HostMemory.allocate(arena, bytes, 64);
            arenas.put(slab.address(), arena);
            return slab;
        }

        synchronized void giveBack(MemorySegment slab) {
            Arena arena = arenas.remove(slab.address());
            if (arena != null) {
                arena.close();
            } else if (!closed) {
                throw new IllegalArgumentException("releaseSlab: " + slab + " is not a slab of this backend");
            }
        }

        synchronized void close() {
            closed = true;
            arenas.values().forEach(Arena::close);
            arenas.clear();
        }
    }

    // -------------------------------------------------------------------------------------------------- products

    /** {@code y[t, n] = sum_k x[t, k] w[n, k] + bias[n]}. */
    @Override
    public Tensor linear(Tensor x, Tensor w, @Nullable Tensor bias) {
        return product(x, Elements.read(w), bias, Contract.linear(x, w, bias));
    }

    @Override
    public Tensor linear(Tensor x, LosslessMatrix w, @Nullable Tensor bias) {
        Shape shape = Contract.linear(x, w, bias);
        double[] values = new double[Math.multiplyExact(w.rows(), w.columns())];
        short[] row = new short[w.columns()];
        for (int n = 0; n < w.rows(); n++) {
            w.row(n, row);
            for (int k = 0; k < row.length; k++) {
                values[n * row.length + k] = DType.bfloat16ToFloat(row[k]);
            }
        }
        return product(x, values, bias, shape);
    }

    @Override
    public Tensor linear(Tensor x, QuantizedMatrix w, @Nullable Tensor bias) {
        Shape shape = Contract.linear(x, w, bias);
        double[] values = new double[Math.multiplyExact(w.rows(), w.columns())];
        float[] row = new float[w.columns()];
        for (int n = 0; n < w.rows(); n++) {
            w.row(n, row);
            for (int k = 0; k < row.length; k++) {
                values[n * row.length + k] = row[k];
            }
        }
        return product(x, values, bias, shape);
    }

    private Tensor product(Tensor x, double[] b, @Nullable Tensor bias, Shape shape) {
        int width = x.dim(1);
        int outputs = shape.dim(1);
        double[] a = Elements.read(x);
        double[] start = bias == null ? new double[outputs] : Elements.read(bias);
        return result(x.dtype(), shape, i -> {
            int row = i / outputs * width;
            int column = i % outputs * width;
            double sum = 0;
            for (int k = 0; k < width; k++) {
                sum += a[row + k] * b[column + k];
            }
            return sum + start[i % outputs];
        });
    }

    /** {@code o[t, h] = sum_s p[t, h, s] v[s, g]}, {@code p = softmax_s(scale q[t, h] . k[s, g])} over what t sees. */
    @Override
    public Tensor attention(Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
        Shape shape = Contract.attention(q, k, v, mask);
        int heads = q.dim(1);
        int groups = k.dim(1);
        int width = q.dim(2);
        double[] queries = Elements.read(q);
        double[] keys = Elements.read(k);
        double[] values = Elements.read(v);
        double[] out = new double[queries.length];
        for (int t = 0; t < q.dim(0); t++) {
            for (int h = 0; h < heads; h++) {
                int query = (t * heads + h) * width;
                int[] seen = seen(mask, t, groups, h / (heads / groups), width);
                double[] scores = new double[seen.length];
                for (int s = 0; s < seen.length; s++) {
                    for (int d = 0; d < width; d++) {
                        scores[s] += scale * queries[query + d] * keys[seen[s] + d];
                    }
                }
                softmax(scores);
                for (int s = 0; s < seen.length; s++) {
                    for (int d = 0; d < width; d++) {
                        out[query + d] += scores[s] * values[seen[s] + d];
                    }
                }
            }
        }
        return result(q.dtype(), shape, i -> out[i]);
    }

    /** {@code exp(a - max(a)) / sum(exp(a - max(a)))}, in place. */
    private static void softmax(double[] a) {
        double max = Arrays.stream(a).max().orElse(0);
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            a[i] = Math.exp(a[i] - max);
            sum += a[i];
        }
        for (int i = 0; i < a.length; i++) {
            a[i] /= sum;
        }
    }

    /** Where the keys of a head begin that a query sees. */
    private static int[] seen(Mask mask, int query, int groups, int group, int width) {
        int from = mask.from()[query];
        int[] starts = new int[mask.to()[query] - from];
        for (int s = 0; s < starts.length; s++) {
            starts[s] = (mask.row(query, from + s) * groups + group) * width;
        }
        return starts;
    }

    /** {@code y[r, c, o] = sum x[r stride - padding + ky, c stride - padding + kx, group + i] w[o, i, ky, kx] + bias[o]}. */
    @Override
    public Tensor conv2d(Tensor x, Tensor w, @Nullable Tensor bias, int stride, int padding, int groups) {
        Shape shape = Contract.conv2d(x, w, bias, stride, padding, groups);
        int inputs = w.dim(1);
        int outputs = w.dim(0);
        double[] map = Elements.read(x);
        double[] kernel = Elements.read(w);
        double[] start = bias == null ? new double[outputs] : Elements.read(bias);
        return result(x.dtype(), shape, i -> {
            int o = i % outputs;
            int left = i / outputs % shape.dim(1) * stride - padding;
            int top = i / outputs / shape.dim(1) * stride - padding;
            int group = o / (outputs / groups);
            double sum = 0;
            for (int ky = Math.max(0, -top); ky < w.dim(2) && top + ky < x.dim(0); ky++) {
                for (int kx = Math.max(0, -left); kx < w.dim(3) && left + kx < x.dim(1); kx++) {
                    int pixel = ((top + ky) * x.dim(1) + left + kx) * x.dim(2) + group * inputs;
                    for (int c = 0; c < inputs; c++) {
                        sum += map[pixel + c] * kernel[((o * inputs + c) * w.dim(2) + ky) * w.dim(3) + kx];
                    }
                }
            }
            return sum + start[o];
        });
    }

    // ----------------------------------------------------------------------------------------------------- norms

    /** {@code y = round(x / sqrt(mean(x²) + eps)) weight}. */
    @Override
    public Tensor rmsNorm(Tensor x, Tensor weight, float eps) {
        Shape shape = Contract.rmsNorm(x, weight);
        double[] normed = rmsNormed(x, eps);
        double[] w = Elements.read(weight);
        return result(x.dtype(), shape, i -> Elements.round(x.dtype(), normed[i]) * w[i % w.length]);
    }

    /** {@code y = x / sqrt(mean(x²) + eps) (1 + weight)}. */
    @Override
    public Tensor rmsNormPlusOne(Tensor x, Tensor weight, float eps) {
        Shape shape = Contract.rmsNormPlusOne(x, weight);
        double[] normed = rmsNormed(x, eps);
        double[] w = Elements.read(weight);
        return result(x.dtype(), shape, i -> normed[i] * (1 + w[i % w.length]));
    }

    /** {@code y = (x - mean(x)) / sqrt(mean((x - mean(x))²) + eps) weight + bias}. */
    @Override
    public Tensor layerNorm(Tensor x, Tensor weight, Tensor bias, float eps) {
        Shape shape = Contract.layerNorm(x, weight, bias);
        int width = x.dim(-1);
        double[] a = Elements.read(x);
        double[] w = Elements.read(weight);
        double[] b = Elements.read(bias);
        for (int row = 0; row < a.length; row += width) {
            double mean = 0;
            for (int i = row; i < row + width; i++) {
                mean += a[i] / width;
            }
            for (int i = row; i < row + width; i++) {
                a[i] -= mean;
            }
            divideByRootMeanSquare(a, row, width, eps);
        }
        return result(x.dtype(), shape, i -> a[i] * w[i % width] + b[i % width]);
    }

    private static double[] rmsNormed(Tensor x, float eps) {
        double[] a = Elements.read(x);
        for (int row = 0; row < a.length; row += x.dim(-1)) {
            divideByRootMeanSquare(a, row, x.dim(-1), eps);
        }
        return a;
    }

    private static void divideByRootMeanSquare(double[] a, int row, int width, float eps) {
        double square = 0;
        for (int i = row; i < row + width; i++) {
            square += a[i] * a[i];
        }
        double root = Math.sqrt(square / width + eps);
        for (int i = row; i < row + width; i++) {
            a[i] /= root;
        }
    }

    // ----------------------------------------------------------------------------------------------- elementwise

    /** {@code (a cos - b sin, b cos + a sin)} for the halves (a, b) of each row. */
    @Override
    public Tensor rope(Tensor x, Tensor cos, Tensor sin) {
        Shape shape = Contract.rope(x, cos, sin);
        int half = x.dim(2) / 2;
        double[] a = Elements.read(x);
        double[] c = Elements.read(cos);
        double[] s = Elements.read(sin);
        boolean stepwise = cos.dtype() == x.dtype();
        return result(x.dtype(), shape, i -> {
            boolean first = i % (2 * half) < half;
            int angle = i / (x.dim(1) * 2 * half) * half + i % half;
            double straight = a[i] * c[angle];
            double turned = first ? -a[i + half] * s[angle] : a[i - half] * s[angle];
            return stepwise
                    ? Elements.round(x.dtype(), straight) + Elements.round(x.dtype(), turned)
                    : straight + turned;
        });
    }

    /** {@code f(x)}. */
    @Override
    public Tensor activation(Tensor x, Activation f) {
        Shape shape = Contract.activation(x);
        double[] a = Elements.read(x);
        return result(x.dtype(), shape, i -> Functions.activation(f, a[i]));
    }

    /** {@code round(f(gate)) up}. */
    @Override
    public Tensor gated(Tensor gate, Tensor up, Activation f) {
        Shape shape = Contract.gated(gate, up);
        double[] a = Elements.read(gate);
        double[] b = Elements.read(up);
        return result(gate.dtype(), shape, i -> Elements.round(gate.dtype(), Functions.activation(f, a[i])) * b[i]);
    }

    /** {@code x + y}. */
    @Override
    public Tensor add(Tensor x, Tensor y) {
        Shape shape = Contract.add(x, y);
        double[] a = Elements.read(x);
        double[] b = Elements.read(y);
        return result(x.dtype(), shape, i -> a[i] + b[i % b.length]);
    }

    /** {@code x factor}. */
    @Override
    public Tensor scale(Tensor x, float factor) {
        Shape shape = Contract.scale(x);
        double[] a = Elements.read(x);
        return result(x.dtype(), shape, i -> a[i] * factor);
    }

    // --------------------------------------------------------------------------------------------------- movement

    /** {@code x}. */
    @Override
    public Tensor copy(Tensor x, DType dtype) {
        Shape shape = Contract.copy(x, dtype);
        double[] a = Elements.read(x);
        return result(dtype, shape, i -> a[i]);
    }

    /** The elements of the parts, one part after another. */
    @Override
    public Tensor concat(List<Tensor> parts) {
        Shape shape = Contract.concat(parts);
        DType dtype = parts.getFirst().dtype();
        double[] all = parts.stream()
                .map(Elements::read)
                .flatMapToDouble(Arrays::stream)
                .toArray();
        return result(dtype, shape, i -> all[i]);
    }

    /** {@code y[i] = table[ids[i]]}. */
    @Override
    public Tensor gatherRows(Tensor table, int[] ids, DType dtype) {
        Shape shape = Contract.gatherRows(table, ids, dtype);
        int width = Math.toIntExact(shape.with(0, 1).size());
        return result(dtype, shape, i -> Elements.get(table, (long) ids[i / width] * width + i % width));
    }

    /** {@code target[ids[i]] = source[i]}. */
    @Override
    public void scatterRows(Tensor target, int[] ids, Tensor source) {
        Contract.scatterRows(target, ids, source);
        double[] a = Elements.read(source);
        int width = ids.length == 0 ? 0 : a.length / ids.length;
        for (int i = 0; i < a.length; i++) {
            Elements.set(target, (long) ids[i / width] * width + i % width, a[i]);
        }
    }

    /** {@code y[r, c, d] = mean over ky, kx < size of x[r size + ky, c size + kx, d]}. */
    @Override
    public Tensor avgPool2d(Tensor x, int size) {
        Shape shape = Contract.avgPool2d(x, size);
        int channels = x.dim(2);
        double[] a = Elements.read(x);
        return result(x.dtype(), shape, i -> {
            int top = i / channels / shape.dim(1) * size;
            int left = i / channels % shape.dim(1) * size;
            double sum = 0;
            for (int ky = 0; ky < size; ky++) {
                for (int kx = 0; kx < size; kx++) {
                    sum += a[((top + ky) * x.dim(1) + left + kx) * channels + i % channels];
                }
            }
            return sum / (size * size);
        });
    }

    /** {@code y[0, d] = mean_t x[t, d]}. */
    @Override
    public Tensor meanRows(Tensor x) {
        Shape shape = Contract.meanRows(x);
        double[] a = Elements.read(x);
        return result(x.dtype(), shape, i -> {
            double sum = 0;
            for (int at = i; at < a.length; at += x.dim(1)) {
                sum += a[at];
            }
            return sum / x.dim(0);
        });
    }

    private Tensor result(DType dtype, Shape shape, IntToDoubleFunction formula) {
        Tensor out = Scope.current(this).allocate(dtype, shape);
        int size = Math.toIntExact(shape.size());
        for (int i = 0; i < size; i++) {
            Elements.set(out, i, formula.applyAsDouble(i));
        }
        return out;
    }
}
