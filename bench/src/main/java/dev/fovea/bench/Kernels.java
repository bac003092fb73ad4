package dev.fovea.bench;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.backend.cpu.machine.MemoryStream;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Tensor;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * Prints what the machine can do and what the kernels make of it, in one run: each kernel takes turns with a plain reading of
 * its largest operand, and the best of some seconds counts, so that other work on the machine disturbs both alike.
 *
 * <p>{@code bench/run kernels [THREADS]}
 */
public final class Kernels implements AutoCloseable {
    private static final long NANOS_PER_KERNEL = 2_000_000_000L;
    private static final DType[] DTYPES = {DType.BFLOAT16, DType.FLOAT32, DType.FLOAT16};
    private static final int[][] WEIGHTS = {{11008, 2048}, {2048, 11008}, {151936, 2048}};

    private final int threads;
    private final MemoryStream stream;

    private Kernels(int threads) {
        this.threads = threads;
        stream = new MemoryStream(threads);
    }

    /** @param args the number of threads; all processors if there is none */
    public static void main(String[] args) {
        int threads = args.length > 0
                ? Integer.parseInt(args[0])
                : Runtime.getRuntime().availableProcessors();
        try (Kernels kernels = new Kernels(threads)) {
            kernels.run();
        }
    }

    private void run() {
        try (Workload workload = new Workload(threads, CpuBackend.GemmChoice.AUTO)) {
            System.out.printf(Locale.ROOT, "%s%n", workload.backend.describe());
        }
        matrices();
        fewRows();
        attention();
        rows();
    }

    private void matrices() {
        System.out.printf(Locale.ROOT, "%n256 rows, 2048 -> 11008%36s%n", "GFLOP/s");
        double flop = 2.0 * 256 * 11008 * 2048;
        for (CpuBackend.GemmChoice gemm :
                new CpuBackend.GemmChoice[] {CpuBackend.GemmChoice.AUTO, CpuBackend.GemmChoice.JAVA}) {
            for (DType dtype : DTYPES) {
                Best best = best(gemm, w -> w.linear(dtype, dtype, 256, 11008, 2048));
                System.out.printf(Locale.ROOT, "%-10s %-40s %7.0f%n", gemm, dtype, flop / best.nanos());
            }
        }
    }

    private void fewRows() {
        System.out.printf(Locale.ROOT, "%nweights read for few rows%25s %10s %7s%n", "GB/s", "stream", "share");
        for (int[] weight : WEIGHTS) {
            for (DType dtype : DTYPES) {
                for (int rows : new int[] {1, 4}) {
                    Best best =
                            best(CpuBackend.GemmChoice.AUTO, w -> w.linear(dtype, dtype, rows, weight[0], weight[1]));
                    double rate = (double) weight[0] * weight[1] * dtype.bytes() / best.nanos();
                    String what = dtype + " " + weight[0] + " x " + weight[1] + ", rows " + rows;
                    System.out.printf(
                            Locale.ROOT,
                            "%-40s %9.1f %10.1f %6.0f%%%n",
                            what,
                            rate,
                            best.stream(),
                            100 * rate / best.stream());
                }
            }
        }
    }

    private void attention() {
        System.out.printf(Locale.ROOT, "%nattention%41s %10s%n", "GFLOP/s", "ms");
        for (CpuBackend.GemmChoice gemm :
                new CpuBackend.GemmChoice[] {CpuBackend.GemmChoice.AUTO, CpuBackend.GemmChoice.JAVA}) {
            for (AttentionBenchmark.Kind kind : AttentionBenchmark.Kind.values()) {
                for (DType dtype : new DType[] {DType.BFLOAT16, DType.FLOAT32}) {
                    Best best = best(gemm, w -> kind.on(w, dtype));
                    double flop = kind.heads.flops(kind.mask);
                    String what = gemm + " " + kind + " " + dtype;
                    System.out.printf(
                            Locale.ROOT, "%-40s %9.0f %10.2f%n", what, flop / best.nanos(), best.nanos() / 1e6);
                }
            }
        }
    }

    private void rows() {
        System.out.printf(Locale.ROOT, "%nrows%46s%n", "ns/value");
        for (RowsBenchmark.Kind kind : RowsBenchmark.Kind.values()) {
            for (DType dtype : DTYPES) {
                Best best = best(CpuBackend.GemmChoice.AUTO, w -> kind.on(w, dtype));
                System.out.printf(
                        Locale.ROOT, "%-40s %9.3f%n", kind + " " + dtype, (double) best.nanos() / kind.elements());
            }
        }
    }

    /** The shortest time of an operation, and the best reading of its largest operand in between, in GB/s. */
    private record Best(long nanos, double stream) {}

    private interface Operation {
        Supplier<Tensor> on(Workload workload);
    }

    private Best best(CpuBackend.GemmChoice gemm, Operation operation) {
        try (Workload workload = new Workload(threads, gemm)) {
            Supplier<Tensor> call = operation.on(workload);
            long shortest = Long.MAX_VALUE;
            double fastest = 0;
            long end = System.nanoTime() + NANOS_PER_KERNEL;
            for (int i = 0; i < 10 || System.nanoTime() < end; i++) {
                long start = System.nanoTime();
                workload.run(call);
                shortest = Math.min(shortest, System.nanoTime() - start);
                fastest = Math.max(fastest, stream.read(workload.largest()));
            }
            return new Best(shortest, fastest);
        }
    }

    @Override
    public void close() {
        stream.close();
    }
}
