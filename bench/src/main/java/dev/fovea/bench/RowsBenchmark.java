package dev.fovea.bench;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Tensor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Operations on rows, 512 x 2048 of them; the depthwise convolution is that of Florence-2's second stage. */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH calls the setup
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class RowsBenchmark {
    /** What is measured. */
    public enum Kind {
        RMS_NORM,
        LAYER_NORM,
        ROPE,
        GELU,
        GELU_TANH,
        GATED,
        DEPTHWISE;

        private static final int ROWS = 512;
        private static final int WIDTH = 2048;

        Supplier<Tensor> on(Workload w, DType dtype) {
            return switch (this) {
                case RMS_NORM -> w.rmsNorm(dtype, ROWS, WIDTH);
                case LAYER_NORM -> w.layerNorm(dtype, ROWS, WIDTH);
                case ROPE -> w.rope(dtype, ROWS, 16, 128);
                case GELU -> w.activation(dtype, Activation.GELU, ROWS, WIDTH);
                case GELU_TANH -> w.activation(dtype, Activation.GELU_TANH, ROWS, WIDTH);
                case GATED -> w.gated(dtype, ROWS, WIDTH);
                case DEPTHWISE -> w.depthwise(dtype, 96, 512);
            };
        }

        long elements() {
            return this == DEPTHWISE ? 96L * 96 * 512 : (long) ROWS * WIDTH;
        }
    }

    @Param
    public Kind kind;

    @Param({"BFLOAT16", "FLOAT32"})
    public DType dtype;

    @Param({"2"})
    public int threads;

    private Workload workload;
    private Supplier<Tensor> operation;

    @Setup
    public void open() {
        workload = new Workload(threads, CpuBackend.GemmChoice.AUTO);
        operation = kind.on(workload, dtype);
    }

    @TearDown
    public void close() {
        workload.close();
    }

    @Benchmark
    public void run() {
        workload.run(operation);
    }
}
