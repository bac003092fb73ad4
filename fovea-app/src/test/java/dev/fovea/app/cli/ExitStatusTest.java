package dev.fovea.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import dev.fovea.error.MemoryException;
import dev.fovea.error.NativeException;
import dev.fovea.error.NetworkException;
import dev.fovea.error.OptionException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

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
        assertThat(ExitStatus.of(new NoClassDefFoundError("x/Y"))).isEqualTo(1);
        assertThat(ExitStatus.of(new CompletionException(new InputException("m"))))
                .isEqualTo(3);
        assertThat(ExitStatus.of(new UncheckedIOException(new IOException("m"))))
                .isEqualTo(3);
        assertThat(ExitStatus.of(lostMapping())).isEqualTo(3);
    }

    @Test
    void aLineSaysWhatToDo() {
        assertThat(ExitStatus.line(new InputException("this was found"))).isEqualTo("this was found");
        assertThat(ExitStatus.line(new InputException("this was found", "do that")))
                .isEqualTo("this was found; do that");
        assertThat(ExitStatus.line(new OutOfMemoryError("Java heap space"))).contains("MB", "-Xmx");
        assertThat(ExitStatus.line(new IllegalStateException("m")))
                .contains("bug", "--verbose", "ExitStatusTest.java, line ");
        assertThat(ExitStatus.line(lostMapping())).contains("cut short by another program");
    }

    @ParameterizedTest
    @MethodSource("failures")
    void aLineNamesNoClassOfJava(Throwable failure) {
        assertThat(ExitStatus.line(failure))
                .doesNotContain("Exception", "java.")
                .doesNotContainPattern("Error\\b");
    }

    static List<Throwable> failures() {
        return List.of(
                new IllegalStateException("m", new IOException("n")),
                new CompletionException(new UnsatisfiedLinkError("/x/libtokenizers.so: cannot open")),
                new NoClassDefFoundError("x/Y"),
                new ExceptionInInitializerError(new IOException("m")),
                new UncheckedIOException(new FileNotFoundException("a (Permission denied)")),
                new StackOverflowError(),
                new OutOfMemoryError("Java heap space"),
                lostMapping(),
                new AssertionError("m"));
    }

    private static InternalError lostMapping() {
        return new InternalError("a fault occurred in a recent unsafe memory access operation in compiled Java code");
    }
}
