package dev.fovea.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.fovea.tensor.Activation;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * What every backend must do, each operation against {@code ReferenceBackend}. A backend's test names it and nothing else:
 *
 * <pre>{@code
 * class CpuBackendTest extends BackendContract {
 *     CpuBackendTest() {
 *         super(new CpuBackend());
 *     }
 * }
 * }</pre>
 *
 * Sizes, layouts and data are random in part; a failure names the seed that repeats it, {@code -Dfovea.test.seed=...}. How far
 * results may be off is said by {@link Bound}; copies are exact. Each call also checks the result's shape, dtype and packing,
 * bytes around it, the operands afterwards, and that it gives the same once more.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class BackendContract implements ProductContract, NormContract, ElementwiseContract, MovementContract {
    /** What each backend lacks. It has everything else, and must refuse these. */
    private static final Map<String, Set<String>> LACKS = Map.of(
            "reference", Set.of(),
            "shapes", Set.of(),
            "cpu", Set.of(),
            "cuda", Set.of());

    private final long seed =
            Long.getLong("fovea.test.seed", ThreadLocalRandom.current().nextInt(1 << 30));
    private final Backend backend;

    /** Tests a backend and closes it. */
    protected BackendContract(Backend backend) {
        this.backend = backend;
    }

    @AfterAll
    void close() {
        backend.close();
    }

    @Override
    public final Trial trial(String operation) {
        return new Trial(
                backend,
                operation,
                seed,
                LACKS.getOrDefault(backend.name(), Set.of()).contains(operation));
    }

    @Test
    void everyOperationHasATest() {
        Set<String> operations = new TreeSet<>();
        for (Method method : Backend.class.getMethods()) {
            boolean computes = method.getReturnType() == Tensor.class || method.getReturnType() == void.class;
            if (computes
                    && !method.isDefault()
                    && !Set.of("releaseSlab", "close").contains(method.getName())) {
                operations.add(method.getName());
            }
        }
        Set<String> tests = new TreeSet<>();
        for (Method method : BackendContract.class.getMethods()) {
            if (method.isAnnotationPresent(Test.class)) {
                tests.add(method.getName());
            }
        }
        assertThat(tests).containsAll(operations);
        assertThat(wrongCalls().keySet()).containsExactlyElementsOf(operations);
    }

    @Test
    void refusesWhatTheContractRefuses() {
        wrongCalls().forEach((operation, call) -> {
            try (Scope scope = Scope.open(backend)) {
                Tensor x = scope.allocate(DType.FLOAT32, Shape.of(2, 3));
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> call.on(backend, new Tensor[] {x}))
                        .withMessageStartingWith(operation + ": ")
                        .withMessageContaining("float32[");
            }
        });
    }

    /** Calls with a (2, 3) that does not fit. */
    private static Map<String, Trial.Call> wrongCalls() {
        Map<String, Trial.Call> calls = new TreeMap<>();
        calls.put("linear", (b, t) -> b.linear(t[0], t[0].transpose(), null));
        calls.put("attention", (b, t) -> b.attention(t[0], t[0], t[0], Mask.full(2, 2), 1));
        calls.put("conv2d", (b, t) -> b.conv2d(t[0], t[0], null, 1, 0, 1));
        calls.put("rmsNorm", (b, t) -> b.rmsNorm(t[0], t[0], 1));
        calls.put("rmsNormPlusOne", (b, t) -> b.rmsNormPlusOne(t[0], t[0], 1));
        calls.put("layerNorm", (b, t) -> b.layerNorm(t[0], t[0], t[0], 1));
        calls.put("rope", (b, t) -> b.rope(t[0], t[0], t[0]));
        calls.put("activation", (b, t) -> b.activation(t[0].slice(1, 0, 2), Activation.RELU));
        calls.put("gated", (b, t) -> b.gated(t[0], t[0].transpose(), Activation.RELU));
        calls.put("add", (b, t) -> b.add(t[0], t[0].rows(0, 1)));
        calls.put("scale", (b, t) -> b.scale(t[0].slice(1, 1, 3), 2));
        calls.put("copy", (b, t) -> b.copy(t[0], DType.INT64));
        calls.put("concat", (b, t) -> b.concat(List.of(t[0], t[0].reshape(3, 2))));
        calls.put("gatherRows", (b, t) -> b.gatherRows(t[0], new int[] {0, 2}, DType.FLOAT32));
        calls.put("scatterRows", (b, t) -> {
            b.scatterRows(t[0], new int[] {0}, t[0]);
            return t[0];
        });
        calls.put("avgPool2d", (b, t) -> b.avgPool2d(t[0], 1));
        calls.put("meanRows", (b, t) -> b.meanRows(t[0].reshape(2, 3, 1)));
        return calls;
    }

    /** One backend serves all threads, each with scopes of its own. */
    @Test
    void threadsDoNotDisturbEachOther() {
        if (!backend.holdsData()) {
            return;
        }
        Trial trial = trial("linear");
        List<Operand[]> work = Stream.generate(() -> new Operand[] {
                    trial.operand(Values.NORMAL, DType.FLOAT32, trial.any(1, 3, 40), 61),
                    trial.operand(Values.NORMAL, DType.FLOAT32, 61, 61)
                })
                .limit(24)
                .toList();
        Trial.Call call = (b, t) -> b.activation(b.linear(t[0], t[1], null), Activation.GELU);
        List<float[]> alone =
                work.stream().map(o -> trial.actual(call, o).values()).toList();
        List<float[]> together = Collections.synchronizedList(
                work.parallelStream().map(o -> trial.actual(call, o).values()).toList());
        IntStream.range(0, work.size())
                .forEach(i -> assertThat(together.get(i)).as(trial.name()).isEqualTo(alone.get(i)));
    }

    /** Slabs are 64-byte aligned, as large as asked for, and lie apart. */
    @Test
    void slabs() {
        if (!backend.holdsData()) {
            return;
        }
        backend.homes().forEach(BackendContract::slabs);
    }

    private static void slabs(Backend backend) {
        var slabs =
                IntStream.of(64, 4096, 5 << 20).mapToObj(backend::allocateSlab).toList();
        for (var slab : slabs) {
            assertThat(slab.address() % 64).isZero();
            byte[] content = new byte[Math.toIntExact(slab.byteSize())];
            Arrays.fill(content, (byte) slabs.indexOf(slab));
            backend.write(MemorySegment.ofArray(content), Trial.raw(backend, slab));
        }
        assertThat(slabs.stream().map(s -> Trial.read(Trial.raw(backend, s))[63]))
                .containsExactly((byte) 0, (byte) 1, (byte) 2);
        assertThat(slabs.stream().map(s -> s.byteSize() >= 64)).containsOnly(true);
        slabs.forEach(backend::releaseSlab);
    }
}
