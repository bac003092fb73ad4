package dev.fovea.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jline.terminal.impl.LineDisciplineTerminal;
import org.junit.jupiter.api.Test;

/** What a terminal gets, and what somebody types at it. */
class TerminalTest {
    private static final String STEERING =
            "a\u001b]0;title\u0007\u001b[2J\r\n\tb\u009b31m\u007f\u202ec\u2066d שלום\u200f";
    private static final String HARMLESS =
            "a\\u001b]0;title\\u0007\\u001b[2J\n\tb\\u009b31m\\u007f\\u202ec\\u2066d שלום\u200f";

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private Console console(boolean terminal) {
        return new Console(InputStream.nullInputStream(), new Output(out), new Output(err), false, terminal, false);
    }

    @Test
    void anAnswerSteersNoTerminalHoweverItsTokensCutASequence() {
        Console console = console(true);
        STEERING.chars().forEach(c -> console.print(String.valueOf((char) c)));
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo(HARMLESS);
        out.reset();
        console.print(STEERING);
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo(HARMLESS);
    }

    @Test
    void anAnswerInAFileIsExact() {
        console(false).print(STEERING);
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo(STEERING);
    }

    @Test
    void notesAndTracesSteerNothingWhereverTheyGo() {
        Console console = console(false);
        console.note("the file \u001b[31m\nis lost, of https://me:word@example.org/?t=1");
        console.tell("\u009b1m");
        console.trace(new IllegalStateException("\u001b[1m https://me:word@example.org", new IOException("\u202e")));
        assertThat(err.toString(StandardCharsets.UTF_8))
                .startsWith("fovea: the file \\u001b[31m is lost, of https://example.org/?…\n\\u009b1m\n")
                .contains("\\u001b[1m https://example.org", "\\u202e", "\tat ")
                .doesNotContain("word", "\u001b", "\u202e", "\u009b");
    }

    @Test
    void whatIsTypedDuringAnAnswerIsTheNextPromptAndNotSeenBefore() throws IOException {
        try (LineDisciplineTerminal terminal = new LineDisciplineTerminal("test", "ansi", out, StandardCharsets.UTF_8);
                TerminalPrompter prompter = new TerminalPrompter(terminal, Optional.empty())) {
            boolean echoed = terminal.echo();
            prompter.interruptibly(() -> type(terminal, "And besides?\rhalf a"), () -> {});
            assertThat(out.toString(StandardCharsets.UTF_8))
                    .as("the answer stands alone")
                    .doesNotContain("besides");
            assertThat(terminal.echo()).isEqualTo(echoed);
            assertThat(prompter.read("> ")).isEqualTo(new Typed.Entry("And besides?"));
            assertThat(out.toString(StandardCharsets.UTF_8))
                    .as("the prompt shows it")
                    .contains("And besides?");
            type(terminal, " line\r");
            assertThat(prompter.read("> ")).isEqualTo(new Typed.Entry("half a line"));
        }
    }

    private static void type(LineDisciplineTerminal terminal, String keys) {
        try (InputStream in = new ByteArrayInputStream(keys.getBytes(StandardCharsets.UTF_8))) {
            for (int b = in.read(); b >= 0; b = in.read()) {
                terminal.processInputByte(b);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
