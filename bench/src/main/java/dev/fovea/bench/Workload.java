package dev.fovea.bench;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.io.quantize.LosslessPacker;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.LosslessMatrix;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/** A CPU backend with operands of published sizes; what is computed goes at once. Times do not depend on values. */
final class Workload implements AutoCloseable {
    private static final int PATTERN = 1 << 16;

    /** One block in so many has room among those that are kept as they are; of normal numbers one in 200 is. */
    private static final int KEPT = 20;

    final CpuBackend backend;
    private final Scope scope;
    private final Tensor pattern;
    private MemorySegment largest = MemorySegment.NULL;

    Workload(int threads, CpuBackend.GemmChoice gemm) {
        backend = CpuBackend.create(new CpuBackend.Options(threads, gemm));
        scope = Scope.open(backend);
        SplittableRandom random = new SplittableRandom(1);
        float[] values = new float[PATTERN];
        for (int i = 0; i < PATTERN; i++) {
            values[i] = (float) random.nextGaussian();
        }
        pattern = Tensor.of(backend, values, PATTERN);
    }

    /** Normal numbers, the same {@value #PATTERN} over and over. */
    Tensor tensor(DType dtype, int... dims) {
        Tensor t = scope.allocate(dtype, Shape.of(dims));
        long size = t.shape().size() * dtype.bytes();
        largest = size > largest.byteSize() ? t.memory().asSlice(0, size) : largest;
        try (Scope _ = Scope.open(backend)) {
            MemorySegment from = pattern.to(dtype).memory();
            long run = (long) PATTERN * dtype.bytes();
            for (long at = 0; at < size; at += run) {
                MemorySegment.copy(from, 0, t.memory(), at, Math.min(run, size - at));
            }
        }
        return t;
    }

    /** The memory of the largest tensor made. */
    MemorySegment largest() {
        return largest;
    }

    /** Runs an operation once. */
    void run(Supplier<Tensor> operation) {
        try (Scope _ = Scope.open(backend)) {
            var _ = operation.get();
        }
    }

    @Override
    public void close() {
        scope.close();
        backend.close();
    }

    // ------------------------------------------------------------------------------------------------- operations

    /** Rows of activations through a layer of N outputs and K inputs. */
    Supplier<Tensor> linear(DType x, DType weight, int rows, int outputs, int inputs) {
        Tensor a = tensor(x, rows, inputs);
        Tensor w = tensor(weight, outputs, inputs);
        return () -> backend.linear(a, w, null);
    }

    /** The same with the weight in codes of so many bits, all parts of which are zeros. */
    Supplier<Tensor> codes(DType x, int bits, int rows, int outputs, int inputs) {
        Tensor a = tensor(x, rows, inputs);
        var form = new QuantizedMatrix.Form(bits, QuantizedMatrix.BLOCK);
        Shape scales = form.scales(outputs, inputs);
        var w = new QuantizedMatrix(
                form,
                outputs,
                inputs,
                zeros(DType.UINT8, form.codes(outputs, inputs)),
                zeros(DType.UINT8, scales),
                bits == 4 ? Optional.of(zeros(DType.UINT8, scales)) : Optional.empty(),
                zeros(DType.FLOAT32, Shape.of(QuantizedMatrix.tiles(outputs) * QuantizedMatrix.TILE)),
                Optional.empty());
        return () -> backend.linear(a, w, null);
    }

    /** The same with the weight in bfloat16 in 12 bits. */
    Supplier<Tensor> lossless(DType x, int rows, int outputs, int inputs) {
        Tensor a = tensor(x, rows, inputs);
        LosslessMatrix w = packed(tensor(DType.BFLOAT16, outputs, inputs));
        return () -> backend.linear(a, w, null);
    }

    private LosslessMatrix packed(Tensor w) {
        int columns = w.dim(1);
        int blocks = columns / LosslessMatrix.BLOCK;
        LosslessMatrix.Shapes shapes = LosslessMatrix.shapes(w.dim(0), columns);
        Tensor codes = zeros(DType.UINT8, shapes.codes());
        Tensor bases = zeros(DType.UINT8, shapes.bases());
        Tensor raw = zeros(DType.BFLOAT16, Shape.of(Math.max(1, w.dim(0) * blocks / KEPT), LosslessMatrix.BLOCK));
        int kept = 0;
        short[] row = new short[columns];
        byte[] block = new byte[LosslessMatrix.BLOCK_BYTES];
        for (int n = 0; n < w.dim(0); n++) {
            MemorySegment.copy(w.memory(), ValueLayout.JAVA_SHORT, 2L * n * columns, row, 0, columns);
            int i = n % LosslessMatrix.GROUP;
            for (int b = 0; b < blocks; b++) {
                long at = (long) n / LosslessMatrix.GROUP * blocks + b;
                MemorySegment lying = codes.memory().asSlice(at * block.length, block.length);
                MemorySegment.copy(lying, ValueLayout.JAVA_BYTE, 0, block, 0, block.length);
                int base = LosslessPacker.pack(row, b * LosslessMatrix.BLOCK, i, block, 0);
                MemorySegment.copy(block, 0, lying, ValueLayout.JAVA_BYTE, 0, block.length);
                bases.memory().set(ValueLayout.JAVA_BYTE, at * LosslessMatrix.GROUP + i, (byte) base);
                if (base == LosslessMatrix.RAW) {
                    lying.set(ValueLayout.JAVA_INT_UNALIGNED, LosslessMatrix.lowerAt(i), kept);
                    MemorySegment.copy(
                            row,
                            b * LosslessMatrix.BLOCK,
                            raw.memory(),
                            ValueLayout.JAVA_SHORT,
                            2L * kept * LosslessMatrix.BLOCK,
                            LosslessMatrix.BLOCK);
                    kept++;
                }
            }
        }
        return new LosslessMatrix(w.dim(0), columns, codes, bases, raw);
    }

    private Tensor zeros(DType dtype, Shape shape) {
        Tensor t = scope.allocate(dtype, shape);
        t.memory().fill((byte) 0);
        return t;
    }

    Supplier<Tensor> attention(DType dtype, Heads heads, int queries, Mask mask, int keys) {
        Tensor q = tensor(dtype, queries, heads.queries(), heads.width());
        Tensor k = tensor(dtype, keys, heads.keys(), heads.width());
        Tensor v = tensor(dtype, keys, heads.keys(), heads.width());
        float scale = (float) (1 / Math.sqrt(heads.width()));
        return () -> backend.attention(q, k, v, mask, scale);
    }

    /** H query heads over G key heads of width D. */
    record Heads(int queries, int keys, int width) {
        /** Two products of each query with each key it sees. */
        double flops(Mask mask) {
            double pairs = 0;
            for (int i = 0; i < mask.queries(); i++) {
                pairs += mask.to()[i] - mask.from()[i];
            }
            return 4 * pairs * queries * width;
        }
    }

    Supplier<Tensor> rmsNorm(DType dtype, int rows, int width) {
        Tensor x = tensor(dtype, rows, width);
        Tensor w = tensor(dtype, width);
        return () -> backend.rmsNorm(x, w, 1e-6f);
    }

    Supplier<Tensor> layerNorm(DType dtype, int rows, int width) {
        Tensor x = tensor(dtype, rows, width);
        Tensor w = tensor(dtype, width);
        return () -> backend.layerNorm(x, w, w, 1e-6f);
    }

    Supplier<Tensor> rope(DType dtype, int rows, int heads, int width) {
        Tensor x = tensor(dtype, rows, heads, width);
        Tensor angles = tensor(dtype, rows, width / 2);
        return () -> backend.rope(x, angles, angles);
    }

    Supplier<Tensor> activation(DType dtype, Activation f, int rows, int width) {
        Tensor x = tensor(dtype, rows, width);
        return () -> backend.activation(x, f);
    }

    Supplier<Tensor> gated(DType dtype, int rows, int width) {
        Tensor x = tensor(dtype, rows, width);
        Tensor y = tensor(dtype, rows, width);
        return () -> backend.gated(x, y, Activation.SILU);
    }

    Supplier<Tensor> depthwise(DType dtype, int side, int channels) {
        Tensor x = tensor(dtype, side, side, channels);
        Tensor w = tensor(dtype, channels, 1, 3, 3);
        return () -> backend.conv2d(x, w, null, 1, 1, channels);
    }
}
