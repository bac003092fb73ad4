package dev.fovea.bench;

import dev.fovea.backend.cpu.machine.Workers;
import java.util.concurrent.TimeUnit;
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
import org.openjdk.jmh.infra.Blackhole;

/** What it costs to hand a job over and to wait for its end, beside one thread, which does it at once: a step of a model has some hundreds. */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH calls the setup
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class WorkersBenchmark {
    @Param({"1", "2", "4"})
    public int threads;

    /** Units of work of JMH's, of some nanoseconds each, in each of as many pieces as there are threads. */
    @Param({"0", "5000"})
    public int work;

    private Workers workers;

    @Setup
    public void open() {
        workers = new Workers(threads);
    }

    @TearDown
    public void close() {
        workers.close();
    }

    @Benchmark
    public void run() {
        workers.run(threads, _ -> Blackhole.consumeCPU(work));
    }
}
