package dev.fovea.models.batch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.Weights;
import dev.fovea.models.Inputs;
import dev.fovea.models.VisionLanguageModel;
import dev.fovea.models.qwen2_5_vl.Qwen2_5_VL;
import dev.fovea.tensor.DType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Whose turn it is. */
class FairnessTest {
    private static CpuBackend backend;
    private static Weights weights;
    private static Engine engine;

    private final Turns turns = new Turns();

    @BeforeAll
    static void open() throws Exception {
        backend = CpuBackend.create(new CpuBackend.Options(1, CpuBackend.GemmChoice.JAVA));
        ModelDirectory directory = ModelDirectory.open(Path.of(FairnessTest.class
                .getResource("/oracle/qwen2_5_vl/base/checkpoint")
                .toURI()));
        weights = Weights.open(directory, backend, DType.FLOAT32, new Qwen2_5_VL().renaming());
        VisionLanguageModel model = new Qwen2_5_VL().load(directory.config(), weights);
        engine = new Engine(model, new Limits(1, 1, 1, 0), Set.of());
    }

    @AfterAll
    static void close() {
        engine.stop();
        weights.close();
        backend.close();
    }

    private static Call call(String client) {
        return new Call(engine, new Inputs(List.of()), new Demand(client, 1, 1), 0, 1);
    }

    private String order() {
        List<String> taken = new ArrayList<>();
        while (!turns.isEmpty()) {
            Call next = turns.peek();
            assertThat(turns.take()).isSameAs(next);
            taken.add(next.client());
        }
        return String.join(" ", taken);
    }

    @Test
    void clientsTakeTurnsWhateverTheNumberOfTheirRequests() {
        for (String client : "a a a a a b b c".split(" ")) {
            turns.add(call(client));
        }
        assertThat(turns.size()).isEqualTo(8);
        assertThat(order()).isEqualTo("a b c a b a a a");
        assertThat(turns.size()).isZero();
    }

    @Test
    void requestsOfOneClientKeepTheirOrder() {
        Call first = call("a");
        Call second = call("a");
        turns.add(first);
        turns.add(second);
        assertThat(turns.take()).isSameAs(first);
        turns.putBack(first);
        assertThat(turns.take()).isSameAs(first);
        assertThat(turns.take()).isSameAs(second);
    }

    @Test
    void whoIsPutBackLetsOthersGoFirst() {
        Call long1 = call("a");
        turns.add(long1);
        turns.add(call("b"));
        assertThat(turns.take()).isSameAs(long1);
        turns.putBack(long1);
        assertThat(order()).isEqualTo("b a");
    }

    @Test
    void whoLeavesIsPassed() {
        Call gone = call("a");
        turns.add(gone);
        turns.add(call("b"));
        turns.add(call("a"));
        assertThat(turns.remove(gone)).isTrue();
        assertThat(turns.remove(gone)).isFalse();
        assertThat(turns.remove(call("c"))).isFalse();
        assertThat(order()).isEqualTo("a b");
    }
}
