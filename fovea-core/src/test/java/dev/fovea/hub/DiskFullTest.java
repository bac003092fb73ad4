package dev.fovea.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fovea.Hub;
import dev.fovea.error.InputException;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Something else fills the disk while a model comes: the error says so, and with room again the rest alone is fetched. */
class DiskFullTest {
    private static final int SHARD = 3 << 20;

    @TempDir
    Path disk;

    @Test
    void keepsWhatHasComeWhereTheDiskFills() throws IOException, InterruptedException {
        List<String> smallDisk =
                List.of("unshare", "-Urm", "sh", "-c", "mount -t tmpfs -o size=40m none '" + disk + "'");
        assumeTrue(succeeds(smallDisk), "this system lets nobody make a small disk");
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String classes = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                .replace(File.pathSeparator + File.pathSeparator, File.pathSeparator);
        String inIt = smallDisk.getLast() + " && exec '" + java + "' -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
                + " --enable-native-access=ALL-UNNAMED -cp '" + classes + "' '" + Pulling.class.getName() + "' '" + disk
                + "' 2>&1";
        ProcessBuilder process = new ProcessBuilder("unshare", "-Urm", "sh", "-c", inIt);
        process.environment().keySet().removeIf(k -> k.startsWith("HF_"));
        Process pulling = process.start();
        String said = new String(pulling.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(pulling.waitFor()).as(said).isZero();
        assertThat(said)
                .containsPattern("cannot write .*/blobs/.*: the disk is full; what has come so far is kept")
                .contains("asked again: 1 of 2 shards")
                .contains("whole");
    }

    private static boolean succeeds(List<String> command) throws InterruptedException {
        try {
            return new ProcessBuilder(command).start().waitFor() == 0;
        } catch (IOException e) {
            return false; // no such command on this system
        }
    }

    /** The process that sees the small disk, and the hub with it. */
    static final class Pulling {
        private Pulling() {}

        public static void main(String[] args) throws IOException {
            Path disk = Path.of(args[0]);
            byte[][] shards = new byte[2][SHARD];
            Random random = new Random(15);
            try (HubServer server = new HubServer()) {
                HubServer.Repo repo = server.repo("org/model")
                        .file("config.json", "{\"model_type\": \"qwen3\"}")
                        .file(
                                "model.safetensors.index.json",
                                "{\"weight_map\": {\"a\": \"1.safetensors\", \"b\": \"2.safetensors\"}}");
                for (int i = 0; i < 2; i++) {
                    random.nextBytes(shards[i]);
                    repo.file((i + 1) + ".safetensors", shards[i]);
                }
                AtomicBoolean first = new AtomicBoolean(true);
                server.faults.add((_, ofStore) -> {
                    if (ofStore && !first.getAndSet(false)) {
                        fill(disk.resolve("other"));
                    }
                    return false;
                });
                PullOptions options = PullOptions.DEFAULT
                        .withEnvironment(Map.of("HF_ENDPOINT", server.address(), "HF_HOME", disk.toString()))
                        .withConnections(1);
                try {
                    Hub.pull("org/model", options);
                } catch (InputException e) {
                    System.out.println(e.getMessage());
                }
                Files.delete(disk.resolve("other"));
                server.faults.clear();
                server.storeRequests.clear();
                Path snapshot = Hub.pull("org/model", options);
                System.out.println("asked again: "
                        + server.storeRequests.stream().distinct().count() + " of 2 shards");
                boolean whole = true;
                for (int i = 0; i < 2; i++) {
                    whole &= Arrays.equals(shards[i], Files.readAllBytes(snapshot.resolve((i + 1) + ".safetensors")));
                }
                System.out.println(whole ? "whole" : "damaged");
            }
        }

        private static void fill(Path file) {
            try (var out = Files.newOutputStream(file)) {
                byte[] block = new byte[1 << 12];
                while (true) {
                    out.write(block);
                }
            } catch (IOException e) {
                if (!Files.exists(file)) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }
}
