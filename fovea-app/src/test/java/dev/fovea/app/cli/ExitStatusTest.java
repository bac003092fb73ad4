package dev.fovea.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import dev.fovea.error.MemoryException;
import dev.fovea.error.NativeException;
import dev.fovea.error.NetworkException;
import dev.fovea.error.OptionException;
import org.junit.jupiter.api.Test;

class ExitStatusTest {
    @Test
    void eachKindOfFailureHasItsStatus() {
        assertThat(ExitStatus.of(new OptionException("m"))).isEqualTo(2);
        assertThat(ExitStatus.of(new InputException("m"))).isEqualTo(3);
        assertThat(ExitStatus.of(new MemoryException("m"))).isEqualTo(4);
        assertThat(ExitStatus.of(new OutOfMemoryError("Java heap space"))).isEqualTo(4);
        assertThat(ExitStatus.of(new NetworkException("m"))).isEqualTo(5);
        assertThat(ExitStatus.of(new NativeException("m"))).isEqualTo(1);
        assertThat(ExitStatus.of(new FoveaException("m"))).isEqualTo(1);
        assertThat(ExitStatus.of(new IllegalStateException("m"))).isEqualTo(1);
    }

    @Test
    void aLineSaysWhatToDo() {
        assertThat(ExitStatus.line(new InputException("this was found"))).isEqualTo("this was found");
        assertThat(ExitStatus.line(new InputException("this was found", "do that")))
                .isEqualTo("this was found; do that");
        assertThat(ExitStatus.line(new OutOfMemoryError("Java heap space"))).contains("MB", "-Xmx");
        assertThat(ExitStatus.line(new IllegalStateException("m"))).contains("bug", "--verbose");
    }
}
