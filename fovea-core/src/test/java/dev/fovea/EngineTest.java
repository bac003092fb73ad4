package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.ClosedException;
import dev.fovea.tensor.DType;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class EngineTest {
    /** Not of another backend that the same options would choose. */
    @Test
    void isThatOfAModelAndLeavesItOpen() throws Exception {
        Path directory =
                Path.of(Objects.requireNonNull(EngineTest.class.getResource("/oracle/qwen2_5_vl/base/checkpoint"))
                        .toURI());
        Model model = AutoModelForImageTextToText.fromPretrained(
                directory.toString(), LoadOptions.DEFAULT.withDevice("cpu,cpu:java"));
        try (model) {
            try (Engine engine = Engine.of(model)) {
                assertThat(engine.describe()).contains("; ");
                assertThat(engine.kernels().choices()).isNotEmpty();
            }
            try (var _ = model.use("model")) {
                assertThat(model.dtype()).isNotNull();
            }
        }
        assertThatThrownBy(() -> Engine.of(model)).isInstanceOf(ClosedException.class);
    }

    /** Without its threads it would measure something else. */
    @Test
    void measuresNothingOnceItIsClosed() {
        Engine engine = Engine.open(LoadOptions.DEFAULT.withDevice("cpu"));
        engine.close();
        engine.close();
        assertThatThrownBy(() -> engine.matrixFlopsPerSecond(DType.FLOAT32, Duration.ZERO))
                .isInstanceOf(ClosedException.class);
        assertThatThrownBy(() -> engine.readBytesPerSecond(Duration.ZERO)).isInstanceOf(ClosedException.class);
        assertThatThrownBy(engine::describe).isInstanceOf(ClosedException.class).hasMessageContaining("engine");
    }
}
