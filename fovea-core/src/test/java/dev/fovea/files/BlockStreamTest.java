package dev.fovea.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlockStreamTest {
    @TempDir
    Path folder;

    @Test
    void writesWhatItGetsInWholeBlocks() throws IOException {
        Random random = new Random(5);
        byte[] bytes = new byte[2 * BlockStream.BLOCK + 12345];
        random.nextBytes(bytes);
        Path file = folder.resolve("a");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                BlockStream out = new BlockStream(channel)) {
            out.write(bytes[0]);
            for (int at = 1; at < bytes.length; ) {
                int count = Math.min(bytes.length - at, random.nextInt(1 << 19));
                out.write(bytes, at, count);
                at += count;
                assertThat(channel.position()).isEqualTo((at - 1) / BlockStream.BLOCK * (long) BlockStream.BLOCK);
            }
            out.finish();
        }
        assertThat(Arrays.equals(Files.readAllBytes(file), bytes)).isTrue();
    }
}
