package dev.fovea.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.Hub;
import dev.fovea.error.InputException;
import dev.fovea.error.Warnings;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is listed, deleted and checked. */
class CacheFolderTest {
    private static final String NAME = "org/model";
    private static final String FILE = "model.safetensors";

    @TempDir
    Path home;

    private final byte[] weights = new byte[100_000];
    private HubServer server;

    @BeforeEach
    void publish() throws IOException {
        server = new HubServer();
        new Random(7).nextBytes(weights);
        server.repo(NAME)
                .file("config.json", "{\"model_type\": \"qwen3\"}")
                .file("tokenizer.json", "{}")
                .file(FILE, weights);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private PullOptions options() {
        return PullOptions.DEFAULT
                .withEnvironment(Map.of(
                        "HF_ENDPOINT", server.address(),
                        "MODELSCOPE_ENDPOINT", server.address(),
                        "MODELSCOPE_CACHE", home.resolve("ms").toString(),
                        "HF_HOME", home.toString()))
                .withWarnings(Warnings.none())
                .withFirstWait(Duration.ofMillis(5));
    }

    private Path blob(byte[] bytes) {
        return home.resolve("hub/models--org--model/blobs/" + HubServer.sha("SHA-256", bytes));
    }

    @Test
    void listsWhatIsHereAndWhyItDoesNotRun() throws IOException {
        Path directory = Hub.pull(NAME, options());
        Hub.pull("modelscope:" + NAME, options());
        Path other = home.resolve("hub/models--a--b/snapshots/0123");
        Files.createDirectories(other);
        Files.writeString(other.resolve("config.json"), "{\"model_type\": \"mamba9\"}");
        assertThat(Hub.list(options()))
                .extracting(CachedModel::name)
                .containsExactly("a/b", "modelscope:org/model", "org/model");
        CachedModel unknown = Hub.list(options()).getFirst();
        assertThat(unknown.modelType()).contains("mamba9");
        assertThat(unknown.problem()).contains("mamba9", "does not know");
        CachedModel model = Hub.list(options()).getLast();
        assertThat(model.directory()).isEqualTo(directory);
        assertThat(model.commit()).isEqualTo(server.repo(NAME).commit());
        assertThat(model.revisions()).containsExactly("main");
        assertThat(model.bytes()).isEqualTo(weights.length + 2 + 23);
        assertThat(model.modelType()).contains("qwen3");
        assertThat(model.problem()).as("random bytes are no weights").isNotEmpty();
        Files.delete(directory.resolve(FILE));
        assertThat(Hub.list(options()).getLast().problem()).contains("has no weights");
    }

    /** The model is still there by its other name. */
    @Test
    void deletesATagAloneWhereABranchIsTheSameCommit() {
        server.repo(NAME).revisions.add("v1");
        Path directory = Hub.pull(NAME, options());
        Hub.pull(NAME + "@v1", options());
        assertThat(Hub.remove(NAME + "@v1", options())).isZero();
        assertThat(Hub.list(options()))
                .singleElement()
                .satisfies(m -> assertThat(m.revisions()).containsExactly("main"));
        assertThat(directory.resolve(FILE)).hasBinaryContent(weights);
        assertThat(Hub.remove(NAME + "@main", options())).isGreaterThan(weights.length);
        assertThat(home.resolve("hub/models--org--model")).doesNotExist();
    }

    @Test
    void deletesARevisionAndKeepsWhatOthersUse() {
        Hub.pull(NAME, options());
        String former = server.repo(NAME).commit();
        server.repo(NAME).file("config.json", "{\"model_type\": \"qwen3\", \"a\": 1}");
        Path directory = Hub.pull(NAME, options());
        assertThat(Hub.remove(NAME + "@" + former.substring(0, 8), options())).isEqualTo(23);
        assertThat(blob(weights)).exists();
        assertThat(directory.resolve(FILE)).hasBinaryContent(weights);
        assertThat(home.resolve("hub/models--org--model/refs/main")).exists();
        assertThat(Hub.list(options())).hasSize(1);
        assertThat(Hub.remove(NAME, options())).isGreaterThan(weights.length);
        assertThat(home.resolve("hub/models--org--model")).doesNotExist();
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Hub.remove(NAME, options()))
                .withMessageContaining("does not hold org/model");
    }

    @Test
    void deletesNothingThatIsBeingFetched() throws IOException {
        Hub.pull(NAME, options());
        Path partial = home.resolve("hub/models--org--model/blobs/abc" + HubStore.PARTIAL);
        try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            assertThat(channel.tryLock()).isNotNull();
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> Hub.remove(NAME, options()))
                    .withMessageContaining("it is being fetched");
        }
        Hub.remove(NAME, options());
    }

    @Test
    void aSharedBlobGoesWithItsLastLink() throws IOException {
        Path hub = home.resolve("hub");
        String hash = "ab".repeat(32);
        Path shared = hub.resolve("blobs/ab").resolve(hash);
        Files.createDirectories(shared.getParent());
        Files.writeString(hub.resolve("blobs/.huggingface-shared-blobs"), "1\n");
        Files.write(shared, weights);
        Files.writeString(shared.resolveSibling(hash + ".refs"), "models--a--one/blobs/e1\nmodels--a--two/blobs/e2\n");
        link("models--a--one", "e1", shared);
        link("models--a--two", "e2", shared);
        assertThat(Hub.remove("a/one", options())).isZero();
        assertThat(shared).exists();
        assertThat(shared.resolveSibling(hash + ".refs")).hasContent("models--a--two/blobs/e2");
        assertThat(Hub.remove("a/two", options())).isEqualTo(weights.length);
        assertThat(shared).doesNotExist();
    }

    private void link(String repository, String blob, Path shared) throws IOException {
        Path folder = home.resolve("hub").resolve(repository);
        Files.createDirectories(folder.resolve("blobs"));
        Files.createDirectories(folder.resolve("snapshots/0123"));
        Files.createSymbolicLink(
                folder.resolve("blobs").resolve(blob), folder.resolve("blobs").relativize(shared));
        Files.createSymbolicLink(folder.resolve("snapshots/0123/x.bin"), Path.of("../../blobs", blob));
    }

    @Test
    void findsDamageAndFetchesOnlyThatAnew() throws IOException {
        Path directory = Hub.pull(NAME, options());
        assertThat(Hub.verify(NAME, options(), _ -> {}))
                .hasSize(3)
                .allSatisfy((_, verdict) -> assertThat(verdict).isEqualTo(Verdict.SOUND));
        byte[] damaged = weights.clone();
        damaged[77_777]++;
        Files.write(blob(weights), damaged);
        Map<String, Verdict> verdicts = Hub.verify(NAME, options(), _ -> {});
        assertThat(verdicts).containsEntry(FILE, Verdict.DAMAGED).containsEntry("config.json", Verdict.SOUND);
        server.hubRequests.clear();
        Hub.repair(NAME, options(), verdicts);
        assertThat(directory.resolve(FILE)).hasBinaryContent(weights);
        assertThat(server.hubRequests).noneMatch(r -> r.contains("tokenizer"));
    }

    @Test
    void aBranchThatNamesNoCommitIsNone() throws IOException {
        Hub.pull(NAME, options());
        Path ref = home.resolve("hub/models--org--model/refs/main");
        String commit = Files.readString(ref);
        for (byte[] wrong : new byte[][] {{-1, -2, 0}, {}, "../../..".getBytes(StandardCharsets.UTF_8)}) {
            Files.write(ref, wrong);
            assertThat(Hub.list(options()))
                    .hasSize(1)
                    .allSatisfy(m -> assertThat(m.revisions()).isEmpty());
            Hub.pull(NAME, options());
            assertThat(ref).hasContent(commit);
        }
    }

    @Test
    void saysWhatIsNotThere() throws IOException {
        Path directory = Hub.pull(NAME, options());
        Files.delete(directory.resolve("config.json"));
        Files.delete(blob(weights));
        Map<String, Verdict> verdicts = Hub.verify(NAME, options(), _ -> {});
        assertThat(verdicts)
                .containsEntry(FILE, Verdict.MISSING)
                .containsEntry("config.json", Verdict.MISSING)
                .hasSize(3);
        Hub.repair(NAME, options(), verdicts);
        assertThat(Hub.verify(NAME, options(), _ -> {}).values()).containsOnly(Verdict.SOUND);
    }
}
