package dev.fovea.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.Hub;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that pulls is killed at any moment; the next one goes on, and what it makes is whole. */
class PullKillTest {
    private static final int SHARD = 10_000_000;
    private static final int SHARDS = 3;

    @TempDir
    Path home;

    /** The process that is killed. */
    static final class Pulling {
        private Pulling() {}

        public static void main(String[] args) {
            Hub.pull("org/model");
        }
    }

    @Test
    void goesOnAfterThreeKills() throws IOException, InterruptedException {
        kill(3);
    }

    @Test
    @Tag("slow")
    void goesOnAfterAHundredKills() throws IOException, InterruptedException {
        kill(100);
    }

    /** Each shard is fetched by one of them, and both have all in the end. */
    @Test
    void twoProcessesShareTheWork() throws IOException, InterruptedException {
        try (HubServer server = new HubServer()) {
            byte[][] shards = publish(server, new Random(15));
            AtomicLong asked = new AtomicLong();
            server.faults.add((exchange, ofStore) -> {
                String range = exchange.getRequestHeaders().getFirst("Range");
                if (ofStore && range != null) {
                    String[] ends = range.substring("bytes=".length()).split("-");
                    asked.addAndGet(Long.parseLong(ends[1]) + 1 - Long.parseLong(ends[0]));
                }
                return slowly(exchange, ofStore);
            });
            Process one = start(server);
            Process other = start(server);
            assertThat(one.waitFor()).isZero();
            assertThat(other.waitFor()).isZero();
            Path snapshot = home.resolve("hub/models--org--model/snapshots/"
                    + server.repo("org/model").commit());
            for (int i = 0; i < SHARDS; i++) {
                assertThat(snapshot.resolve(name(i))).hasBinaryContent(shards[i]);
            }
            assertThat(asked).hasValue((long) SHARDS * SHARD);
        }
    }

    private void kill(int kills) throws IOException, InterruptedException {
        Random random = new Random(Long.getLong("fovea.test.seed", 15));
        try (HubServer server = new HubServer()) {
            byte[][] shards = publish(server, random);
            server.faults.add(PullKillTest::slowly);
            int done = 0;
            for (int i = 0; i < kills; i++) {
                Process pulling = start(server);
                if (pulling.waitFor(300 + random.nextInt(1500), TimeUnit.MILLISECONDS)) {
                    assertThat(pulling.exitValue()).isZero();
                    done++;
                    forget(random);
                } else {
                    pulling.destroyForcibly().waitFor();
                }
            }
            server.faults.clear();
            assertThat(start(server).waitFor()).isZero();
            Path snapshot = home.resolve("hub/models--org--model/snapshots/"
                    + server.repo("org/model").commit());
            for (int i = 0; i < SHARDS; i++) {
                assertThat(Arrays.equals(Files.readAllBytes(snapshot.resolve(name(i))), shards[i]))
                        .as("shard " + i + " after " + kills + " kills and " + done + " whole pulls between them")
                        .isTrue();
            }
            try (var blobs = Files.list(home.resolve("hub/models--org--model/blobs"))) {
                assertThat(blobs).noneMatch(f -> f.toString().endsWith(HubStore.PARTIAL));
            }
        }
    }

    private static String name(int shard) {
        return "model-0000" + (shard + 1) + "-of-00003.safetensors";
    }

    private static byte[][] publish(HubServer server, Random random) {
        byte[][] shards = new byte[SHARDS][SHARD];
        StringBuilder map = new StringBuilder();
        HubServer.Repo repo = server.repo("org/model").file("config.json", "{\"model_type\": \"qwen3\"}");
        for (int i = 0; i < SHARDS; i++) {
            random.nextBytes(shards[i]);
            repo.file(name(i), shards[i]);
            map.append(i == 0 ? "" : ", ")
                    .append("\"t")
                    .append(i)
                    .append("\": \"")
                    .append(name(i))
                    .append('"');
        }
        repo.file("model.safetensors.index.json", "{\"weight_map\": {" + map + "}}");
        return shards;
    }

    /** So that there is something to interrupt: a second or so for all. */
    private static boolean slowly(com.sun.net.httpserver.HttpExchange exchange, boolean ofStore) {
        if (ofStore) {
            try {
                Thread.sleep(200);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return false;
    }

    /** A shard again, so that the next process has work. */
    private void forget(Random random) throws IOException {
        try (var snapshots = Files.list(home.resolve("hub/models--org--model/snapshots"))) {
            Path link = snapshots.findFirst().orElseThrow().resolve(name(random.nextInt(SHARDS)));
            Files.delete(link.resolveSibling(Files.readSymbolicLink(link)));
            Files.delete(link);
        }
    }

    private Process start(HubServer server) throws IOException {
        String classes = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        ProcessBuilder process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules",
                        "jdk.incubator.vector",
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Xshare:auto",
                        "-cp",
                        classes.replace(File.pathSeparator + File.pathSeparator, File.pathSeparator),
                        Pulling.class.getName())
                .redirectErrorStream(true)
                .redirectOutput(home.resolve("pulling.txt").toFile());
        process.environment().keySet().removeIf(k -> k.startsWith("HF_"));
        process.environment().putAll(Map.of("HF_ENDPOINT", server.address(), "HF_HOME", home.toString()));
        return process.start();
    }
}
