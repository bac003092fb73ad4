package dev.fovea.bench;

import dev.fovea.text.Tokenizer;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Opening a directory's tokenizer as a command does: once, in a JVM that has run nothing before. {@code -p directory=DIR}. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@Fork(7)
@Warmup(iterations = 0)
@Measurement(iterations = 1)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class TokenizerBenchmark {
    @Param("")
    public String directory = "";

    @Benchmark
    public int open() {
        try (Tokenizer tokenizer = Tokenizer.open(Path.of(directory))) {
            return tokenizer.size();
        }
    }
}
