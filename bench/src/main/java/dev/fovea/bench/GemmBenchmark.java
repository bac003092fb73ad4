package dev.fovea.bench;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.tensor.DType;
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

/** A prompt of 256 tokens through the widest layer of Qwen2.5-VL-3B, by machine code, by oneDNN and by Java. */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH calls the setup
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@OutputTimeUnit(TimeUnit.SECONDS)
public class GemmBenchmark {
    private static final int ROWS = 256;
    private static final int OUTPUTS = 11008;
    private static final int INPUTS = 2048;

    @Param({"AUTO", "ONEDNN", "JAVA"})
    public CpuBackend.GemmChoice gemm;

    /** Of activations and of weights, which may be codes, or bfloat16 in 12 bits. */
    @Param({
        "BFLOAT16 BFLOAT16",
        "FLOAT32 FLOAT32",
        "FLOAT32 BFLOAT16",
        "FLOAT16 FLOAT16",
        "BFLOAT16 LOSSLESS",
        "BFLOAT16 INT8",
        "BFLOAT16 INT4",
        "FLOAT16 INT8"
    })
    public String dtypes;

    @Param({"2"})
    public int threads;

    private Workload workload;
    private Supplier<Tensor> operation;

    @Setup
    public void open() {
        String[] names = dtypes.split(" ");
        workload = new Workload(threads, gemm);
        DType x = DType.valueOf(names[0]);
        if (names[1].equals("LOSSLESS")) {
            operation = workload.lossless(x, ROWS, OUTPUTS, INPUTS);
        } else if (names[1].startsWith("INT")) {
            operation = workload.codes(x, Integer.parseInt(names[1].substring(3)), ROWS, OUTPUTS, INPUTS);
        } else {
            operation = workload.linear(x, DType.valueOf(names[1]), ROWS, OUTPUTS, INPUTS);
        }
    }

    @TearDown
    public void close() {
        workload.close();
    }

    @Benchmark
    public void linear(Rate rate) {
        workload.run(operation);
        rate.gflop += 2e-9 * ROWS * OUTPUTS * INPUTS;
    }
}
