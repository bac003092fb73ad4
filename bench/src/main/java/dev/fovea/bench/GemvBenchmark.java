package dev.fovea.bench;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.LosslessMatrix;
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

/** A few rows through layers of Qwen2.5-VL-3B: how near decoding comes to the speed of memory. */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH calls the setup
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@OutputTimeUnit(TimeUnit.SECONDS)
public class GemvBenchmark {
    private static final double LOSSLESS_BYTES = (LosslessMatrix.BLOCK_BYTES + LosslessMatrix.GROUP)
            / (double) (LosslessMatrix.GROUP * LosslessMatrix.BLOCK);

    /** Outputs x inputs. */
    @Param({"11008x2048", "2048x11008", "151936x2048"})
    public String weight;

    /** Of activations and of weights; LOSSLESS is bfloat16 with weights in 12 bits. */
    @Param({"BFLOAT16", "FLOAT32", "FLOAT16", "LOSSLESS"})
    public String dtype;

    @Param({"1", "4"})
    public int rows;

    @Param({"2"})
    public int threads;

    private Workload workload;
    private Supplier<Tensor> operation;
    private double gigabytes;

    @Setup
    public void open() {
        String[] extents = weight.split("x");
        int outputs = Integer.parseInt(extents[0]);
        int inputs = Integer.parseInt(extents[1]);
        workload = new Workload(threads, CpuBackend.GemmChoice.AUTO);
        if (dtype.equals("LOSSLESS")) {
            operation = workload.lossless(DType.BFLOAT16, rows, outputs, inputs);
            gigabytes = 1e-9 * LOSSLESS_BYTES * outputs * inputs;
        } else {
            DType both = DType.valueOf(dtype);
            operation = workload.linear(both, both, rows, outputs, inputs);
            gigabytes = 1e-9 * outputs * inputs * both.bytes();
        }
    }

    @TearDown
    public void close() {
        workload.close();
    }

    @Benchmark
    public void linear(Rate rate) {
        workload.run(operation);
        rate.gigabytes += gigabytes;
    }
}
