package dev.fovea.error;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class FoveaExceptionTest {
    @Test
    void theMessageHasProblemAndRemedy() {
        FoveaException failure = new InputException("a.bin is a pointer", "fetch the file itself");
        assertThat(failure).hasMessage("a.bin is a pointer; fetch the file itself");
        assertThat(failure.problem()).isEqualTo("a.bin is a pointer");
        assertThat(failure.hint()).isEqualTo("fetch the file itself");
        assertThat(failure).hasToString("dev.fovea.error.InputException: a.bin is a pointer; fetch the file itself");
        assertThat(new OptionException("no")).hasMessage("no");
    }

    /** Whatever forgot to quote a value. */
    @Test
    void nothingInItSteersATerminalOrTellsSecrets() {
        FoveaException failure = new NetworkException(
                "the template says \u001b[31m\n\u202eno\u009b, of https://me:secret@example.org/a.jpg?token=abc: HTTP 403",
                "ask https://you:word@example.org");
        assertThat(failure)
                .hasMessage("the template says \\u001b[31m \\u202eno\\u009b, of https://example.org/a.jpg?… HTTP 403;"
                        + " ask https://example.org");
    }

    @Test
    void aFileThatCannotBeUsedIsNamedWithTheReason() {
        NoSuchFileException cause = new NoSuchFileException("a\u0007b");
        assertThat(InputException.cannot("read", Path.of("a\u0007b"), cause))
                .hasMessage("cannot read a\\u0007b: there is no such file")
                .hasCause(cause);
    }

    @Test
    void noMessageIsEndless() {
        assertThat(new InputException("it is " + "x".repeat(1 << 20), "y".repeat(1 << 20)).getMessage())
                .hasSizeLessThan(13_000)
                .startsWith("it is x");
    }
}
