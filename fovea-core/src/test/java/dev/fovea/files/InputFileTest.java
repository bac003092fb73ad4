package dev.fovea.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fovea.error.InputException;
import dev.fovea.io.Json;
import dev.fovea.media.ImageSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD) // what is read here may never end
class InputFileTest {
    private static final long LIMIT = 1000;

    @TempDir
    Path folder;

    @Test
    void readsFiles() throws IOException {
        Path file = Files.write(folder.resolve("a"), new byte[1000]);
        assertThat(InputFile.read(file, LIMIT)).hasSize(1000);
        Files.write(file, new byte[1001]);
        assertRefused(file, "it has 1001 bytes; at most 1000 are read");
        assertRefused(folder.resolve("none"), "there is no such file");
    }

    @Test
    void whatWouldWaitOrNeverEndIsRefused() throws IOException, InterruptedException {
        assumeTrue(Files.exists(Path.of("/dev/zero")), "Unix has these");
        Path pipe = folder.resolve("pipe.json");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        assertRefused(pipe, "it is a named pipe, not a file");
        assertRefused(folder, "it is a directory, not a file");
        assertRefused(Path.of("/dev/zero"), "it is a device, not a file");
        assertThatThrownBy(() -> Json.parse(pipe)).isInstanceOf(InputException.class);
        assertThatThrownBy(() -> ImageSource.of(pipe).decode()).isInstanceOf(InputException.class);
        assertThatThrownBy(() -> ImageSource.of(Path.of("/dev/zero")).decode()).isInstanceOf(InputException.class);
    }

    @Test
    void anEndlessStreamIsReadUpToTheLimit() {
        InputStream zeros = new InputStream() {
            @Override
            public int read() {
                return 0;
            }
        };
        assertThatThrownBy(() -> InputFile.readAll(zeros, "stdin", LIMIT))
                .isInstanceOf(InputException.class)
                .hasMessage("cannot read stdin: it has more than 1000 bytes; at most 1000 are read");
    }

    @Test
    void whatASystemMakesUpIsRead() {
        Path made = Path.of("/proc/self/status"); // says that it has 0 bytes
        assumeTrue(Files.exists(made), "Linux has it");
        assertThat(InputFile.read(made, 1 << 20)).isNotEmpty();
    }

    @Test
    void aByteOrderMarkIsNoText() throws IOException {
        Path file = Files.writeString(folder.resolve("a.json"), "\uFEFF{\"a\": 1}");
        assertThat(InputFile.readText(file)).isEqualTo("{\"a\": 1}");
        assertThat(Json.parseObject(file)).isEqualTo(Map.of("a", 1L));
    }

    @Test
    void anotherEncodingIsNamed() throws IOException {
        Path file = Files.write(folder.resolve("a.json"), "\uFEFF{}".getBytes(StandardCharsets.UTF_16LE));
        assertThatThrownBy(() -> Json.parse(file))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("cannot read " + file + ": it is UTF-16; expected UTF-8");
        Files.write(file, "ä".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> Json.parse(file)).hasMessageContaining("it is no UTF-8; expected UTF-8");
    }

    @Test
    void aShellsPipeIsRead() throws IOException, InterruptedException {
        assumeTrue(Files.exists(Path.of("/dev/fd")), "Unix has it");
        Process shell = new ProcessBuilder(
                        "sh",
                        "-c",
                        "printf '{\"a\": 1}' | \"$0\" -cp \"$1\" '" + Reading.class.getName() + "' /dev/stdin",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        System.getProperty("java.class.path"))
                .redirectErrorStream(true)
                .start();
        assertThat(new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip())
                .isEqualTo("{\"a\": 1}");
        assertThat(shell.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }

    /** A program of its own, since a process cannot be given another stdin. */
    static final class Reading {
        public static void main(String[] args) {
            System.out.println(InputFile.readText(Path.of(args[0])));
        }
    }

    private static void assertRefused(Path file, String why) {
        assertThatThrownBy(() -> InputFile.read(file, LIMIT))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("cannot read " + file + ": " + why);
    }
}
