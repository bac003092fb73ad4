package dev.fovea.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputFileTest {
    @TempDir
    Path folder;

    private static OutputFile.Content text(String text) {
        return out -> out.write(text.getBytes(StandardCharsets.UTF_8));
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void aFailureLeavesTheFormerFileAndNothingElse() throws IOException {
        Path file = Files.writeString(folder.resolve("a"), "former");
        OutputFile output = OutputFile.of(file);
        assertThatThrownBy(() -> output.write(out -> {
                    out.write(new byte[1 << 20]);
                    throw new IOException("No space left on device");
                }))
                .isInstanceOf(InputException.class)
                .hasMessage("cannot write " + file + ": the disk is full");
        assertThat(file).hasContent("former");
        assertThat(names()).containsExactly("a");
        output.write(text("new"));
        assertThat(file).hasContent("new");
        assertThat(names()).containsExactly("a");
    }

    @Test
    void whoHasTheFormerFileOpenKeepsIt() throws IOException {
        Path file = Files.writeString(folder.resolve("a"), "former");
        try (var in = Files.newInputStream(file)) {
            OutputFile.of(file).write(text("new"));
            assertThat(in.readAllBytes()).asString().isEqualTo("former");
        }
    }

    @Test
    void aLinkStaysALinkAndPermissionsStay() throws IOException {
        Path file = Files.writeString(folder.resolve("a"), "former");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("a"));
        OutputFile.of(link).write(text("new"));
        assertThat(file).hasContent("new");
        assertThat(link).isSymbolicLink();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-r-----");
        Path dangling = Files.createSymbolicLink(folder.resolve("dangling"), Path.of("b"));
        OutputFile.of(dangling).write(text("made"));
        assertThat(folder.resolve("b")).hasContent("made");
        assertThat(dangling).isSymbolicLink();
    }

    @Test
    void inputsAreSparedByWhateverName() throws IOException {
        Path input = Files.writeString(folder.resolve("input"), "input");
        Path link = Files.createSymbolicLink(folder.resolve("link"), input);
        Path hardLink = Files.createLink(folder.resolve("hard"), input);
        Path chain = Files.createSymbolicLink(folder.resolve("chain"), hardLink);
        Path roundabout = folder.resolve("x/../input");
        Files.createDirectory(folder.resolve("x"));
        for (Path name : List.of(input, link, hardLink, chain, roundabout)) {
            for (Path read : List.of(input, link, hardLink)) {
                assertThatThrownBy(
                                () -> OutputFile.of(name).sparing(List.of(read)).write(text("lost")))
                        .as("%s for %s", name, read)
                        .isInstanceOf(OptionException.class)
                        .hasMessageContaining("cannot write " + name + ": this run reads it");
            }
        }
        assertThat(input).hasContent("input");
        OutputFile.of(folder.resolve("other")).sparing(List.of(input)).write(text("other"));
    }

    @Test
    void onlyWhatIsKnownIsReplaced() throws IOException {
        OutputFile output = OutputFile.of(folder.resolve("a"))
                .replacingOnly("one of mine", f -> f.toFile().length() == 4, "do so");
        output.write(text("mine"));
        output.write(text("other"));
        assertThatThrownBy(() -> output.write(text("lost")))
                .isInstanceOf(OptionException.class)
                .hasMessageContaining("cannot write " + output + ": it exists, and is not one of mine");
        assertThatThrownBy(output::check).isInstanceOf(OptionException.class);
        assertThat(folder.resolve("a")).hasContent("other");
        Files.writeString(folder.resolve("a"), "");
        output.write(text("mine")); // nothing is lost with an empty file
    }

    @Test
    void aFileThatCameMeanwhileIsNotReplaced() throws IOException {
        Path file = folder.resolve("a");
        OutputFile output = OutputFile.of(file).replacingOnly("one of mine", _ -> false, "");
        assertThatThrownBy(() -> output.write(_ -> Files.writeString(file, "another's")))
                .isInstanceOf(OptionException.class);
        assertThat(file).hasContent("another's");
        assertThat(names()).containsExactly("a");
    }

    @Test
    void saysWhyThereIsNoPlace() {
        assertThatThrownBy(() -> OutputFile.of(folder).check())
                .isInstanceOf(InputException.class)
                .hasMessage("cannot write " + folder + ": it is a folder");
        Path lost = folder.resolve("no/such");
        assertThatThrownBy(() -> OutputFile.of(lost).check())
                .isInstanceOf(InputException.class)
                .hasMessage("cannot write " + lost + ": there is no folder " + lost.getParent());
    }

    @Test
    void devicesAreWrittenDirectly() {
        assumeTrue(Files.exists(Path.of("/dev/full")), "Linux has these");
        OutputFile.of(Path.of("/dev/null")).write(text("gone"));
        assertThat(Path.of("/dev/null")).exists();
        assertThat(Files.isRegularFile(Path.of("/dev/null"))).isFalse();
        assertThatThrownBy(() -> OutputFile.of(Path.of("/dev/full")).write(text("text")))
                .isInstanceOf(InputException.class)
                .hasMessage("cannot write /dev/full: the disk is full");
    }
}
