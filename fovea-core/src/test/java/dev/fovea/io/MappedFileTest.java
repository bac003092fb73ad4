package dev.fovea.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.InputException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MappedFileTest {
    private static final int BYTES = 1 << 20;

    @TempDir
    private Path folder;

    private Path path;
    private MappedFile file;

    @BeforeEach
    void map() throws IOException {
        path = Files.write(folder.resolve("weights.bin"), new byte[BYTES]);
        try (FileChannel channel = FileChannel.open(path)) {
            file = new MappedFile(path, channel, 8);
        }
    }

    @AfterEach
    void close() {
        file.close();
        file.close();
    }

    @Test
    void readsWhatLiesBehindTheStart() {
        assertThat(file.data().byteSize()).isEqualTo(BYTES - 8);
        assertThatNoException().isThrownBy(file::checkUnchanged);
    }

    @Test
    void saysWhatGrewOrWasCut() throws IOException {
        Files.write(path, new byte[5], StandardOpenOption.APPEND);
        assertThatThrownBy(file::checkUnchanged)
                .isInstanceOf(InputException.class)
                .hasMessageContaining("weights.bin changed while it was in use: it had 1048576 bytes and has 1048581");
    }

    @Test
    void aPageThatIsGoneIsASentence() throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            channel.truncate(10);
        }
        assertThatThrownBy(() -> read(file.data().asSlice(BYTES / 2)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("it had 1048576 bytes and has 10");
    }

    /** A disk or network that fails: the file is as it was. */
    @Test
    void aPageThatCannotBeReadIsASentence() {
        InternalError fault = new InternalError("a fault occurred in an unsafe memory access operation");
        assertThat(MappedFile.sentence(fault, path, file::checkUnchanged))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("weights.bin: the system has no data for a page of a mapped file");
    }

    @Test
    void otherErrorsStayWhatTheyAre() {
        InternalError other = new InternalError("unrelated");
        assertThatThrownBy(() -> MappedFile.sentence(other, path, file::checkUnchanged))
                .isSameAs(other);
    }

    private byte read(MemorySegment memory) {
        try {
            return memory.get(ValueLayout.JAVA_BYTE, 0);
        } catch (InternalError e) {
            throw MappedFile.sentence(e, path, file::checkUnchanged);
        }
    }
}
