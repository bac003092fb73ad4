package dev.fovea.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.InputException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bodies as connections give them: in small pieces, and not always to their end. */
class PartTest {
    private static final int START = PartialFile.CHUNK;

    @TempDir
    Path folder;

    private final byte[] bytes = new byte[3 * PartialFile.CHUNK + 12345];

    @BeforeEach
    void fill() {
        new Random(5).nextBytes(bytes);
    }

    /** Some of the bytes, a few at once, and then an error. */
    private InputStream body(long from, int count, Random random) {
        return new InputStream() {
            private final InputStream in = new ByteArrayInputStream(bytes, (int) from, count);

            @Override
            public int read() {
                throw new UnsupportedOperationException();
            }

            @Override
            public int read(byte[] to, int at, int length) throws IOException {
                int found = in.read(to, at, Math.min(length, 1 + random.nextInt(1 << 18)));
                if (found < 0) {
                    throw new IOException("connection reset");
                }
                return found;
            }
        };
    }

    private Part part(PartialFile file, int end) {
        Fetch fetch = new Fetch(new RepoFile("a", bytes.length, "", Optional.empty()));
        fetch.opened(file);
        return new Part(fetch, START, end);
    }

    private PartialFile open() throws IOException {
        return PartialFile.open(folder.resolve("a"), bytes.length, RepoFile.Sum.NONE)
                .orElseThrow();
    }

    private byte[] written(long end) throws IOException {
        byte[] all = Files.readAllBytes(folder.resolve("a"));
        return Arrays.copyOfRange(all, START, (int) end);
    }

    @Test
    void keepsWhatCameBeforeItBrokeOff() throws IOException {
        Random random = new Random(6);
        try (PartialFile file = open()) {
            Part part = part(file, bytes.length);
            while (!part.isDone()) {
                long before = part.position();
                int count = (int) Math.min(1 + random.nextInt(3 << 20), bytes.length - before);
                try {
                    part.take(body(before, count, random), () -> false);
                } catch (IOException e) {
                    assertThat(e).hasMessage("connection reset");
                }
                assertThat(part.position()).isEqualTo(before + count);
                assertThat(written(part.position())).isEqualTo(Arrays.copyOfRange(bytes, START, (int) part.position()));
            }
            assertThat(file.bytes()).isEqualTo(bytes.length - START);
        }
    }

    @Test
    void leavesWhatGoesBeyondItsEnd() throws IOException {
        try (PartialFile file = open()) {
            Part part = part(file, 2 * PartialFile.CHUNK);
            part.take(body(START, bytes.length - START, new Random(7)), () -> false);
            assertThat(part.isDone()).isTrue();
            assertThat(file.bytes()).isEqualTo(PartialFile.CHUNK);
            assertThat(written(bytes.length)).endsWith(new byte[bytes.length - 2 * PartialFile.CHUNK]);
        }
    }

    @Test
    void keepsWhatCameBeforeNobodyWantedIt() throws IOException {
        try (PartialFile file = open()) {
            Part part = part(file, bytes.length);
            int[] reads = new int[1];
            part.take(body(START, bytes.length - START, new Random(8)), () -> ++reads[0] > 3);
            assertThat(part.isDone()).isFalse();
            assertThat(written(part.position())).isEqualTo(Arrays.copyOfRange(bytes, START, (int) part.position()));
        }
    }

    /** Also where the connection breaks off before a block is whole. */
    @Test
    void saysThatItCannotBeWritten() throws IOException {
        for (int count : new int[] {1, PartialFile.CHUNK}) {
            PartialFile file = open();
            file.close();
            assertThatThrownBy(() -> part(file, bytes.length).take(body(START, count, new Random(9)), () -> false))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("cannot write");
        }
    }
}
