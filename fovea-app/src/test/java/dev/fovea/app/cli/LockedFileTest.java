package dev.fovea.app.cli;

import static dev.fovea.app.cli.Shell.MODEL;
import static dev.fovea.app.cli.Shell.fovea;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LockedFileTest {
    @TempDir
    Path folder;

    @Test
    void oneRunAtATimeHasAFile() throws IOException {
        Path file = folder.resolve("a");
        Path link = Files.createLink(folder.resolve("b"), Files.writeString(file, "x"));
        try (LockedFile held = LockedFile.open(file)) {
            assertThatThrownBy(() -> LockedFile.open(file))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("cannot write " + file + ": another run writes it");
            assertThatThrownBy(() -> LockedFile.open(link)).hasMessageContaining("another run writes it");
            held.replace(out -> out.write(new byte[] {'y'}));
            assertThatThrownBy(() -> LockedFile.open(file)).hasMessageContaining("another run writes it");
            assertThat(file).hasContent("y");
        }
        LockedFile.open(file).close();
        assertThat(file).hasContent("y");
    }

    @Test
    void anEmptyFileThatItMadeGoesWithIt() {
        Path file = folder.resolve("a");
        LockedFile.open(file).close();
        assertThat(file).doesNotExist();
    }

    /** The other process has not only the file that was there, but also the one that took its place. */
    @Test
    void anotherProcessIsKeptOut() throws IOException, InterruptedException {
        Path file = Files.writeString(folder.resolve("out.jsonl"), "");
        Path input = Files.writeString(folder.resolve("in.jsonl"), "{\"id\": 1, \"text\": \"Hello\"}\n");
        String[] batch = {
            "batch", MODEL, "--input", input.toString(), "--output", file.toString(), "--max-new-tokens", "1"
        };
        for (String how : new String[] {"open", "replace"}) {
            Process other = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            Holder.class.getName(),
                            file.toString(),
                            how)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            try {
                assertThat(other.getInputStream().read()).isEqualTo('h');
                fovea(batch).failsWith(3, "cannot write " + file + ": another run writes it");
                assertThatThrownBy(() -> LockedFile.open(file)).isInstanceOf(InputException.class);
                assertThat(file).isEmptyFile();
            } finally {
                other.destroyForcibly().waitFor();
            }
        }
        fovea(batch).succeeds(); // a run that died leaves no lock
        assertThat(Files.readAllLines(file)).hasSize(1);
    }

    /** Holds a file until it is killed. */
    static final class Holder {
        public static void main(String[] args) throws IOException {
            LockedFile file = LockedFile.open(Path.of(args[0]));
            if (args[1].equals("replace")) {
                file.replace(_ -> {});
            }
            System.out.print("h");
            System.out.flush();
            System.in.read();
        }
    }
}
