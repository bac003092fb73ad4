package dev.fovea.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.InputException;
import org.junit.jupiter.api.Test;

/** The core alone; the models themselves are tested with the command line, which has them on its class path. */
class DemoModelsTest {
    @Test
    void saysWhatToAddWhereTheModelsAreNotOnTheClassPath() {
        assertThatThrownBy(() -> DemoModels.named("demo"))
                .isInstanceOfSatisfying(
                        InputException.class, e -> assertThat(e.hint()).contains("dev.fovea:fovea-demo"));
    }

    @Test
    void leavesOtherNamesAlone() {
        assertThat(DemoModels.named("demonstration")).isEmpty();
        assertThat(DemoModels.named("./demo")).isEmpty();
    }
}
