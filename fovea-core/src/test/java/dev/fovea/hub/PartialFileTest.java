package dev.fovea.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bytes and their sum, in whatever order they come. */
class PartialFileTest {
    private static final int CHUNK = PartialFile.CHUNK;
    private static final int BLOCK = 1 << 17;

    @TempDir
    Path folder;

    private final byte[] bytes = new byte[3 * CHUNK + 1];
    private final ByteBuffer block = ByteBuffer.allocate(BLOCK);

    @BeforeEach
    void fill() {
        new Random(15).nextBytes(bytes);
    }

    private PartialFile open() throws IOException {
        return PartialFile.open(folder.resolve("file"), bytes.length, RepoFile.Sum.SHA256)
                .orElseThrow();
    }

    private static void write(PartialFile file, byte[] from, int start, int end) {
        for (int at = start; at < end; at += BLOCK) {
            file.write(ByteBuffer.wrap(from, at, Math.min(BLOCK, end - at)), at);
        }
    }

    private void isWhole(PartialFile file, byte[] content) throws IOException {
        assertThat(file.sum()).isEqualTo(HubServer.sha("SHA-256", content));
        assertThat(file.bytes()).isEqualTo(content.length);
        assertThat(Files.readAllBytes(file.finish())).isEqualTo(content);
    }

    /** A block that holds nothing cannot be read into. */
    @Test
    void readsNothingAgainThatComesInOrder() throws IOException, InterruptedException {
        try (PartialFile file = open()) {
            write(file, bytes, 0, bytes.length);
            assertThat(file.advanceSum(1, ByteBuffer.allocate(0))).isTrue();
            isWhole(file, bytes);
        }
    }

    @Test
    void takesTheSumOfWhatComesInAnyOrder() throws IOException, InterruptedException, ExecutionException {
        Random random = new Random(16);
        for (int round = 0; round < 8; round++) {
            List<Integer> chunks = new ArrayList<>(List.of(0, 1, 2, 3));
            Collections.shuffle(chunks, random);
            try (PartialFile file = open();
                    ExecutorService writers = Executors.newFixedThreadPool(1 + round % 3)) {
                List<Future<?>> writes = new ArrayList<>();
                for (int chunk : chunks) {
                    writes.add(writers.submit(
                            () -> write(file, bytes, chunk * CHUNK, Math.min(bytes.length, (chunk + 1) * CHUNK))));
                }
                while (!file.advanceSum(10, block)) {
                    // until all is there
                }
                for (Future<?> write : writes) {
                    write.get();
                }
                isWhole(file, bytes);
            }
            Files.delete(folder.resolve("file"));
        }
    }

    @Test
    void goesOnWithWhatAnotherLeft() throws IOException, InterruptedException {
        try (PartialFile file = open()) {
            write(file, bytes, CHUNK, 2 * CHUNK);
            write(file, bytes, 0, CHUNK / 2);
        }
        try (PartialFile file = open()) {
            assertThat(file.bytes()).isEqualTo(CHUNK);
            write(file, bytes, 0, CHUNK);
            write(file, bytes, 2 * CHUNK, bytes.length);
            while (!file.advanceSum(10, block)) {
                // until all is read
            }
            isWhole(file, bytes);
        }
    }

    /** A slow request for a part of what was found to be wrong leaves no mark on it. */
    @Test
    void forgetsWhatItClearedWhoeverComesLate() throws IOException, InterruptedException {
        try (PartialFile file = open()) {
            write(file, bytes, 0, bytes.length);
            assertThat(file.advanceSum(1, block)).isTrue();
            file.clear();
            write(file, bytes, 2 * CHUNK - BLOCK, 2 * CHUNK);
            assertThat(file.has(1)).isFalse();
            assertThat(file.bytes()).isZero();
        }
    }

    /** Whichever of the two writes a block first. */
    @Test
    void theSumIsThatOfTheFileWhereTwoWriteOtherBytes() throws IOException, InterruptedException, ExecutionException {
        byte[] others = new byte[bytes.length];
        try (PartialFile file = open();
                ExecutorService writers = Executors.newFixedThreadPool(2)) {
            CyclicBarrier together = new CyclicBarrier(2);
            List<Future<?>> writes = new ArrayList<>();
            for (byte[] content : List.of(bytes, others)) {
                writes.add(writers.submit(() -> {
                    for (int at = 0; at < bytes.length; at += BLOCK) {
                        together.await();
                        write(file, content, at, Math.min(bytes.length, at + BLOCK));
                    }
                    return content;
                }));
            }
            for (Future<?> write : writes) {
                write.get();
            }
            while (!file.advanceSum(10, block)) {
                // until all is read
            }
            String sum = file.sum();
            assertThat(HubServer.sha("SHA-256", Files.readAllBytes(file.finish())))
                    .isEqualTo(sum);
        }
    }

    /** From a server that suddenly gives all of a file, and another one. */
    @Test
    void keepsWhatItsSumWasTakenOf() throws IOException, InterruptedException {
        byte[] others = new byte[bytes.length];
        try (PartialFile file = open()) {
            write(file, bytes, 0, CHUNK / 2 + 7);
            write(file, bytes, CHUNK, 2 * CHUNK);
            write(file, others, 0, others.length);
            while (!file.advanceSum(10, block)) {
                // until all is read
            }
            System.arraycopy(bytes, 0, others, 0, CHUNK / 2 + 7);
            System.arraycopy(bytes, CHUNK, others, CHUNK, CHUNK);
            isWhole(file, others);
        }
    }
}
