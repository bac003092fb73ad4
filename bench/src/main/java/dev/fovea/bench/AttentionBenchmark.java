package dev.fovea.bench;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Tensor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Attention at the sizes of SigLIP, of Qwen2.5-VL's windows, of a prompt, of decoding and of three beams to a picture. */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH calls the setup
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@OutputTimeUnit(TimeUnit.SECONDS)
public class AttentionBenchmark {
    /** Heads, queries and mask. */
    public enum Kind {
        SIGLIP(new Workload.Heads(16, 16, 72), Mask.full(4096, 4096), 4096),
        WINDOWS(new Workload.Heads(16, 16, 80), Mask.segments(bounds(4096, 64)), 4096),
        PROMPT(new Workload.Heads(16, 2, 128), Mask.causal(1024), 1024),
        DECODE(new Workload.Heads(16, 2, 128), Mask.full(1, 4096), 4096),
        ACROSS(new Workload.Heads(16, 16, 64), Mask.full(3, 577), 577);

        final Workload.Heads heads;
        final Mask mask;
        final int keys;

        Kind(Workload.Heads heads, Mask mask, int keys) {
            this.heads = heads;
            this.mask = mask;
            this.keys = keys;
        }

        Supplier<Tensor> on(Workload workload, DType dtype) {
            return workload.attention(dtype, heads, mask.queries(), mask, keys);
        }

        private static int[] bounds(int length, int window) {
            int[] bounds = new int[length / window + 1];
            for (int i = 0; i < bounds.length; i++) {
                bounds[i] = i * window;
            }
            return bounds;
        }
    }

    @Param
    public Kind kind;

    @Param({"BFLOAT16", "FLOAT32"})
    public DType dtype;

    @Param({"AUTO", "ONEDNN", "JAVA"})
    public CpuBackend.GemmChoice gemm;

    @Param({"2"})
    public int threads;

    private Workload workload;
    private Supplier<Tensor> operation;
    private double gflop;
    private double gigabytes;

    @Setup
    public void open() {
        workload = new Workload(threads, gemm);
        operation = kind.on(workload, dtype);
        gflop = 1e-9 * kind.heads.flops(kind.mask);
        gigabytes = 2e-9 * kind.keys * kind.heads.keys() * kind.heads.width() * dtype.bytes();
    }

    @TearDown
    public void close() {
        workload.close();
    }

    @Benchmark
    public void attention(Rate rate) {
        workload.run(operation);
        rate.gflop += gflop;
        rate.gigabytes += gigabytes;
    }
}
