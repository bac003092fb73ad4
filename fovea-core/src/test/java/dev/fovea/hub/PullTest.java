package dev.fovea.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.Hub;
import dev.fovea.error.InputException;
import dev.fovea.error.Warnings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is fetched, where it goes, and what is asked again. */
class PullTest {
    private static final String NAME = "org/model";

    @TempDir
    Path home;

    private final List<String> warnings = new ArrayList<>();
    private final List<PullProgress> told = new ArrayList<>();
    private HubServer server;
    private byte[] weights;

    @BeforeEach
    void publish() throws IOException {
        server = new HubServer();
        weights = new byte[9_000_001];
        new Random(7).nextBytes(weights);
        server.repo(NAME)
                .file("config.json", "{\"model_type\": \"qwen3\"}")
                .file("tokenizer.json", "{}")
                .file("additional_chat_templates/tools.jinja", "{{ 1 }}")
                .file("model.safetensors", weights)
                .file("pytorch_model.bin", new byte[100])
                .file("modeling.py", "import os")
                .file("onnx/model.onnx", "x")
                .file("README.md", "# A model");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private PullOptions options() {
        return PullOptions.DEFAULT
                .withEnvironment(Map.of("HF_ENDPOINT", server.address(), "HF_HOME", home.toString()))
                .withListener(told::add)
                .withWarnings(Warnings.to(warnings::add))
                .withFirstWait(Duration.ofMillis(5));
    }

    private Path repository() {
        return home.resolve("hub/models--org--model");
    }

    /** As a path it would be the current directory. */
    @Test
    void anEmptyNameIsNoModel() {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Hub.pull("", options()))
                .withMessageContaining("the model's name is empty");
    }

    @Test
    void fetchesWhatIsNeededIntoTheCacheOfHuggingFace() throws IOException {
        Path directory = Hub.pull(NAME, options());
        String commit = server.repo(NAME).commit();
        assertThat(directory).isEqualTo(repository().resolve("snapshots").resolve(commit));
        assertThat(repository().resolve("refs/main")).hasContent(commit);
        assertThat(directory.resolve("model.safetensors"))
                .hasBinaryContent(weights)
                .isSymbolicLink();
        assertThat(Files.readSymbolicLink(directory.resolve("model.safetensors")))
                .isEqualTo(Path.of("../../blobs/" + HubServer.sha("SHA-256", weights)));
        assertThat(Files.readSymbolicLink(directory.resolve("additional_chat_templates/tools.jinja")))
                .isEqualTo(Path.of("../../../blobs/" + HubServer.gitSha("{{ 1 }}".getBytes(StandardCharsets.UTF_8))));
        try (var files = Files.list(directory)) {
            assertThat(files.map(f -> f.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            "config.json", "tokenizer.json", "additional_chat_templates", "model.safetensors");
        }
        assertThat(repository().resolve(".no_exist/" + commit + "/merges.txt")).isEmptyFile();
        try (var blobs = Files.list(repository().resolve("blobs"))) {
            assertThat(blobs).hasSize(4);
        }
        assertThat(told.getLast().doneBytes()).isEqualTo(told.getLast().totalBytes());
        assertThat(told.getLast().files()).allMatch(PullProgress.FileProgress::isDone);
        assertThat(warnings).isEmpty();
    }

    @Test
    void asksOnceWhereAllIsHereAndNeverForACommit() {
        Path directory = Hub.pull(NAME, options());
        server.hubRequests.clear();
        assertThat(Hub.pull(NAME, options())).isEqualTo(directory);
        assertThat(server.hubRequests).hasSize(1);
        server.hubRequests.clear();
        assertThat(Hub.pull(NAME + "@" + server.repo(NAME).commit(), options())).isEqualTo(directory);
        assertThat(server.hubRequests).isEmpty();
    }

    /** So that a file's bytes come in order, and its sum is taken of them at once: while one shard stands still, the other is fetched to its end. */
    @Test
    void givesEachShardAConnectionOfItsOwn() {
        byte[][] shards = {new byte[weights.length], new byte[weights.length]};
        new Random(8).nextBytes(shards[0]);
        new Random(9).nextBytes(shards[1]);
        server.repo("org/shards")
                .file("config.json", "{\"model_type\": \"qwen3\"}")
                .file("1.safetensors", shards[0])
                .file("2.safetensors", shards[1])
                .file(
                        "model.safetensors.index.json",
                        "{\"weight_map\": {\"a\": \"1.safetensors\", \"b\": \"2.safetensors\"}}");
        String first = HubServer.sha("SHA-256", shards[0]);
        CountDownLatch others = new CountDownLatch(3);
        AtomicBoolean early = new AtomicBoolean();
        server.faults.add((exchange, ofStore) -> {
            if (!ofStore || !exchange.getRequestMethod().equals("GET")) {
                return false;
            }
            if (!exchange.getRequestURI().getPath().contains(first)) {
                others.countDown();
            } else if (exchange.getRequestHeaders().getFirst("Range").startsWith("bytes=0-")) {
                await(others);
            } else {
                early.compareAndSet(false, others.getCount() > 0);
            }
            return false;
        });
        Path directory = Hub.pull("org/shards", options().withConnections(2));
        assertThat(early).isFalse();
        assertThat(directory.resolve("1.safetensors")).hasBinaryContent(shards[0]);
        assertThat(directory.resolve("2.safetensors")).hasBinaryContent(shards[1]);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
