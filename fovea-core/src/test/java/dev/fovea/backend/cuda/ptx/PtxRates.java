package dev.fovea.backend.cuda.ptx;

import dev.fovea.backend.cuda.CudaBackend;
import dev.fovea.backend.cuda.device.KernelArchive;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * How many thread-instructions the interpreter executes in a second of CPU time, one thread, after warming up. After
 * {@code mvn -Dfast -pl fovea-core test-compile}: {@code java --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED
 * -Djava.util.concurrent.ForkJoinPool.common.parallelism=0 -cp 'fovea-core/target/classes:fovea-core/target/test-classes'
 * dev.fovea.backend.cuda.PtxRates}.
 */
final class PtxRates {
    private static final int ROUNDS = 200;

    private PtxRates() {}

    public static void main(String[] arguments) {
        PtxDevice device = new PtxDevice(KernelArchive.bundled()::ptx, 1L << 30);
        try (CudaBackend backend = new CudaBackend(device);
                Scope _ = Scope.open(backend)) {
            operations(backend).forEach((name, operation) -> {
                long start = 0;
                long executed = 0;
                for (int round = 0; round < ROUNDS; round++) {
                    if (round == ROUNDS / 2) {
                        start = cpuNanos();
                        executed = device.executed();
                    }
                    try (Scope _ = Scope.open(backend)) {
                        operation.run();
                    }
                }
                double seconds = (cpuNanos() - start) / 1e9;
                double millions = (device.executed() - executed) / 1e6;
                System.out.printf("%-24s %6.0f million/s%n", name, millions / seconds);
            });
        }
    }

    private static Map<String, Runnable> operations(CudaBackend backend) {
        Map<String, Runnable> operations = new TreeMap<>();
        for (DType dtype : new DType[] {DType.FLOAT32, DType.BFLOAT16}) {
            String of = " " + dtype.torchName();
            Tensor x = tensor(backend, dtype, 64, 256);
            Tensor w = tensor(backend, dtype, 96, 256);
            Tensor heads = tensor(backend, dtype, 64, 4, 64);
            operations.put(
                    "rms_norm" + of, () -> backend.rmsNorm(x, w.rows(0, 1).reshape(256), 1e-6f));
            operations.put("gelu" + of, () -> backend.activation(x, Activation.GELU));
            operations.put("linear of 4 rows" + of, () -> backend.linear(x.rows(0, 4), w, null));
            operations.put("linear of 64 rows" + of, () -> backend.linear(x, w, null));
            operations.put("attention" + of, () -> backend.attention(heads, heads, heads, Mask.causal(64), 0.125f));
        }
        return operations;
    }

    private static Tensor tensor(CudaBackend backend, DType dtype, int... dims) {
        float[] values = new float[Arrays.stream(dims).reduce(1, (a, b) -> a * b)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.sin(i);
        }
        return Tensor.of(backend, values, dims).to(dtype);
    }

    private static long cpuNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }
}
