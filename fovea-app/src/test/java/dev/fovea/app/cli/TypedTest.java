package dev.fovea.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.app.cli.Words.Word;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How lines are read, completed and kept. */
class TypedTest {
    @TempDir
    Path folder;

    @Test
    void aBackslashContinuesALine() {
        assertThat(new Typed.Entry("one\\").isComplete()).isFalse();
        assertThat(new Typed.Entry("one\\\ntwo").isComplete()).isTrue();
        assertThat(new Typed.Entry("one\\\ntwo").text()).isEqualTo("one\ntwo");
        assertThat(new Typed.Entry("C:\\one \\ two").text()).isEqualTo("C:\\one \\ two");
    }

    @Test
    void fencedTextIsTakenAsItIs() {
        String fence = Typed.FENCE;
        assertThat(new Typed.Entry(fence).isComplete()).isFalse();
        assertThat(new Typed.Entry(fence + "\na\\\n").isComplete()).isFalse();
        Typed.Entry whole = new Typed.Entry(fence + "\n a\\\n\n/b\n" + fence);
        assertThat(whole.isComplete()).isTrue();
        assertThat(whole.isVerbatim()).isTrue();
        assertThat(whole.text()).isEqualTo(" a\\\n\n/b");
        assertThat(new Typed.Entry(fence + "\nopen at the end").text()).isEqualTo("open at the end");
    }

    @Test
    void pastedLinesAreOneMessage() {
        Typed.Entry pasted = new Typed.Entry("one\n\ntwo\n");
        assertThat(pasted.isComplete()).isTrue();
        assertThat(pasted.text()).isEqualTo("one\n\ntwo");
    }

    @Test
    void wordsAreCutAsAShellCutsThem() {
        assertThat(Words.values("a.png 'b c.png'  \"it's\"d e\\ f\\'g C:\\h"))
                .containsExactly("a.png", "b c.png", "it'sd", "e f'g", "C:\\h");
        assertThat(Words.values("  ")).isEmpty();
        assertThat(Words.split("x 'y z")).containsExactly(new Word(0, "x", (char) 0), new Word(2, "y z", '\''));
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain", "two words", "it's", "a\"b", "C:\\d", "tab\there"})
    void anEscapedWordIsReadBack(String value) {
        assertThat(Words.values(Words.escaped(value))).containsExactly(value);
    }

    @Test
    void tabOffersCommandsAndFiles() throws IOException {
        Files.createDirectory(folder.resolve("my pictures"));
        Files.createFile(folder.resolve("my pictures/a b.png"));
        Files.createFile(folder.resolve("my pictures/.hidden"));
        assertThat(Completion.of("/re")).isEqualTo(new Completion(0, List.of("/retry", "/reset")));
        assertThat(offers("Hello /i")).isEmpty();
        assertThat(offers("/system x")).isEmpty();
        assertThat(Completion.of("/image one.png " + folder + "/my"))
                .isEqualTo(new Completion(15, List.of(folder + "/my\\ pictures/")));
        assertThat(offers("/image " + folder + "/my\\ pictures/")).containsExactly(folder + "/my\\ pictures/a\\ b.png");
        assertThat(offers("/image '" + folder + "/my pictures/a"))
                .containsExactly("'" + folder + "/my pictures/a b.png'");
        assertThat(offers("/image " + folder + "/nowhere/x")).isEmpty();
        assertThat(Completion.of("/image ").start()).isEqualTo(7);
    }

    private static List<String> offers(String line) {
        return Completion.of(line).offers();
    }

    @Test
    void nobodyElseReadsTheHistory() throws IOException {
        Path file = HistoryFile.open(
                        Map.of("XDG_STATE_HOME", folder.resolve("state").toString()), java.util.Optional.of(folder))
                .orElseThrow();
        assertThat(file).isEqualTo(folder.resolve("state/fovea/chat-history")).exists();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file.getParent())))
                .isEqualTo("rwx------");
        Files.writeString(file, "1:Hello\n");
        assertThat(HistoryFile.open(
                        Map.of("XDG_STATE_HOME", folder.resolve("state").toString()), java.util.Optional.of(folder)))
                .hasValue(file);
        assertThat(file).hasContent("1:Hello\n");
        assertThat(HistoryFile.open(Map.of(), java.util.Optional.of(folder)))
                .hasValue(folder.resolve(".local/state/fovea/chat-history"));
        assertThat(HistoryFile.open(Map.of(), java.util.Optional.of(Files.createFile(folder.resolve("no-home")))))
                .isEmpty();
    }
}
