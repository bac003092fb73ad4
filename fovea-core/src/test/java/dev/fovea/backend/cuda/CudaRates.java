package dev.fovea.backend.cuda;

import static dev.fovea.backend.cuda.CudaCheck.row;

import dev.fovea.backend.cuda.device.Cuda;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.KernelArchive;
import dev.fovea.backend.cuda.device.Product;
import dev.fovea.backend.cuda.ptx.PtxDevice;
import dev.fovea.error.Warnings;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Matrix;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/** What a device can by itself, and what the kernels make of it: the limits beside which a model's speed stands. */
final class CudaRates {
    private static final int[][] ONE_ROW = {
        {262144, 2560}, {20480, 2560}, {2560, 10240}, {4096, 2560}, {22016, 2048}, {2048, 11008}, {3072, 1024}
    };

    /** Rows of x, outputs, width. */
    private static final int[][] CODES = {
        {1, 262144, 2560}, {1, 20480, 2560}, {1, 2560, 10240}, {1, 4096, 2560}, {1, 2048, 2048},
        {8, 20480, 2560}, {16, 20480, 2560}, {16, 2048, 11008}, {64, 20480, 2560}, {2048, 10240, 2560}
    };

    private final boolean dry;
    private final int rounds;

    /** @param dry on the interpreter: with small sizes, so that all of it is tried and nothing is learned of speed */
    CudaRates(boolean dry) {
        this.dry = dry;
        rounds = dry ? 1 : 4;
    }

    boolean print() throws IOException {
        try (Device device = open()) {
            upload(device);
            copy(device);
            product(device);
        }
        try (CudaBackend backend = new CudaBackend(open())) {
            small(backend);
            for (int[] shape : ONE_ROW) {
                oneRow(backend, sized(shape[0]), sized(shape[1]));
            }
            for (int bits : new int[] {4, 8}) {
                for (int[] shape : CODES) {
                    codes(backend, bits, shape[0], sized(shape[1]), sized(shape[2]));
                }
            }
            manyRows(backend);
            tower(backend);
            channels(backend, 8, 36864);
            channels(backend, 32, 2304);
        }
        return true;
    }

    private Device open() {
        return dry
                ? new PtxDevice(KernelArchive.bundled()::ptx, 1L << 30)
                : Cuda.open(Cuda.usable().getFirst().ordinal(), Warnings.log());
    }

    private int sized(int size) {
        return dry ? Math.max(16, size / 256 & -16) : size;
    }

    /** Seconds of the fastest round, behind one that does not count. */
    private double seconds(Runnable work) {
        double best = Double.MAX_VALUE;
        for (int round = 0; round < rounds; round++) {
            long start = System.nanoTime();
            work.run();
            double seconds = (System.nanoTime() - start) / 1e9;
            best = round > 0 || dry ? Math.min(best, seconds) : best;
        }
        return best;
    }

    private void upload(Device device) throws IOException {
        int piece = 4 << 20;
        long bytes = dry ? piece : 1L << 30;
        long there = device.allocate(bytes);
        Path file = Files.createTempFile("fovea-check", ".bin");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
                Arena arena = Arena.ofShared()) {
            for (long at = 0; at < bytes; at += piece) {
                channel.write(ByteBuffer.allocate(piece).putLong(0, at), at);
            }
            MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, bytes, arena);
            MemorySegment plain = arena.allocate(bytes);
            double fromFile = seconds(() -> {
                device.upload(mapped, there);
                device.await();
            });
            double fromMemory = seconds(() -> {
                device.upload(plain, there);
                device.await();
            });
            row(
                    "upload of mapped file, of memory",
                    "%.1f, %.1f GB/s",
                    bytes / fromFile / 1e9,
                    bytes / fromMemory / 1e9);
        } finally {
            Files.delete(file);
        }
        device.free(there);
    }

    private void copy(Device device) {
        long bytes = dry ? 1 << 16 : 1L << 29;
        long from = device.allocate(bytes);
        long to = device.allocate(bytes);
        int times = dry ? 1 : 20;
        double seconds = seconds(() -> {
            for (int i = 0; i < times; i++) {
                device.copy(from, to, bytes);
            }
            device.await();
        });
        row("copy on the device", "%.0f GB/s read and written", 2 * bytes * times / seconds / 1e9);
        device.free(from);
        device.free(to);
    }

    private void product(Device device) {
        int n = 8192;
        Product product = new Product(DType.BFLOAT16, n, n, n, n, false, false);
        long bytes = 2L * n * n;
        long x = dry ? 0 : device.allocate(3 * bytes);
        if (dry || !device.multiplies(product, x, x + bytes, x + 2 * bytes)) {
            row("cuBLASLt", "not there");
            return;
        }
        int times = 20;
        double seconds = seconds(() -> {
            for (int i = 0; i < times; i++) {
                device.multiply(product, x, x + bytes, 0, x + 2 * bytes);
            }
            device.await();
        });
        row("cuBLASLt bfloat16, 8192 cubed", "%.0f TFLOP/s", 2.0 * n * n * n * times / seconds / 1e12);
        device.free(x);
    }

    private void small(CudaBackend backend) {
        try (Scope scope = Scope.open(backend)) {
            Tensor x = scope.allocate(DType.BFLOAT16, Shape.of(1, sized(2560)));
            int times = dry ? 2 : 1000;
            double seconds = seconds(() -> {
                for (int i = 0; i < times; i++) {
                    try (Scope _ = Scope.open(backend)) {
                        backend.add(x, x);
                    }
                }
                await(backend, x);
            });
            row("addition of one row", "%.2f microseconds", seconds / times * 1e6);
        }
    }

    private void oneRow(CudaBackend backend, int outputs, int width) {
        long bytes = 2L * outputs * width;
        double seconds =
                ofOne(backend, 1, width, bytes, scope -> scope.allocate(DType.BFLOAT16, Shape.of(outputs, width)));
        row("one row, " + outputs + " x " + width, "%.0f GB/s", bytes / seconds / 1e9);
    }

    /** Bytes are those of the matrix, however often a product reads it. */
    private void codes(CudaBackend backend, int bits, int rows, int outputs, int width) {
        QuantizedMatrix.Form form = new QuantizedMatrix.Form(bits, QuantizedMatrix.BLOCK);
        long bytes = (long) outputs * width * bits / 8;
        int count = dry ? Math.min(rows, 65) : rows;
        double seconds = ofOne(backend, count, width, bytes, scope -> codes(scope, form, outputs, width));
        row(
                "int" + bits + ", " + count + " rows, " + outputs + " x " + width,
                "%.0f GB/s, %.1f TFLOP/s",
                bytes / seconds / 1e9,
                2.0 * count * outputs * width / seconds / 1e12);
    }

    private static QuantizedMatrix codes(Scope scope, QuantizedMatrix.Form form, int outputs, int width) {
        Shape scales = form.scales(outputs, width);
        return new QuantizedMatrix(
                form,
                outputs,
                width,
                scope.allocate(DType.UINT8, form.codes(outputs, width)),
                scope.allocate(DType.UINT8, scales),
                form.bits() == 4 ? Optional.of(scope.allocate(DType.UINT8, scales)) : Optional.empty(),
                scope.allocate(DType.FLOAT32, Shape.of(QuantizedMatrix.tiles(outputs) * QuantizedMatrix.TILE)),
                Optional.empty());
    }

    /** Seconds of one product with a weight of so many bytes, of more than any cache holds. */
    private double ofOne(CudaBackend backend, int rows, int width, long bytes, Function<Scope, Matrix> weight) {
        int count = dry ? 1 : Math.clamp((2L << 30) / bytes, 1, 60);
        try (Scope scope = Scope.open(backend)) {
            Tensor x = scope.allocate(DType.BFLOAT16, Shape.of(rows, width));
            List<Matrix> weights =
                    Stream.generate(() -> weight.apply(scope)).limit(count).toList();
            return seconds(() -> {
                        try (Scope _ = Scope.open(backend)) {
                            weights.forEach(w -> backend.linear(x, w, null));
                            await(backend, x);
                        }
                    })
                    / count;
        }
    }

    private void manyRows(CudaBackend backend) {
        int rows = dry ? 32 : 2048;
        int outputs = sized(10240);
        int width = sized(2560);
        try (Scope scope = Scope.open(backend)) {
            Tensor x = scope.allocate(DType.BFLOAT16, Shape.of(rows, width));
            Tensor w = scope.allocate(DType.BFLOAT16, Shape.of(outputs, width));
            double seconds = repeated(backend, x, () -> backend.linear(x, w, null));
            row(
                    rows + " rows, " + outputs + " x " + width,
                    "%.1f TFLOP/s",
                    2.0 * rows * outputs * width / seconds / 1e12);
        }
    }

    /** Gemma's tower: every patch sees every other. */
    private void tower(CudaBackend backend) {
        int rows = dry ? 32 : 4096;
        int heads = dry ? 1 : 16;
        int width = 72;
        try (Scope scope = Scope.open(backend)) {
            Tensor q = scope.allocate(DType.BFLOAT16, Shape.of(rows, heads, width));
            double seconds = repeated(backend, q, () -> backend.attention(q, q, q, Mask.full(rows, rows), 0.1f));
            row(
                    "attention, " + heads + " x " + rows + " x " + width,
                    "%.1f TFLOP/s",
                    4.0 * rows * rows * heads * width / seconds / 1e12);
        }
    }

    /** Florence-2's channels, 32 a head, over the places of a map. */
    private void channels(CudaBackend backend, int heads, int places) {
        int channels = 32;
        int width = dry ? 520 : places;
        try (Scope scope = Scope.open(backend)) {
            Tensor q = scope.allocate(DType.BFLOAT16, Shape.of(channels, dry ? 1 : heads, width));
            Mask mask = Mask.full(channels, channels);
            double seconds = repeated(backend, q, () -> backend.attention(q, q, q, mask, 0.1f));
            row("channels, " + heads + " x " + channels + " x " + width, "%.1f microseconds", seconds * 1e6);
        }
    }

    /** Seconds of one of them. */
    private double repeated(CudaBackend backend, Tensor any, Runnable operation) {
        int times = dry ? 1 : 20;
        return seconds(() -> {
                    try (Scope _ = Scope.open(backend)) {
                        for (int i = 0; i < times; i++) {
                            operation.run();
                        }
                        await(backend, any);
                    }
                })
                / times;
    }

    /** Waits for all that was launched before: reads a few bytes of a tensor. */
    private static void await(CudaBackend backend, Tensor any) {
        Tensor row = any.rows(0, 1);
        try (Arena arena = Arena.ofConfined()) {
            backend.read(row, arena.allocate(row.bytes(), 64));
        }
    }
}
