package dev.fovea.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.tuple;

import dev.fovea.Hub;
import dev.fovea.error.InputException;
import dev.fovea.error.Warnings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The other hub: its protocol, and its own tool's cache. */
class ModelScopeTest {
    private static final String NAME = "modelscope:org/model-2.5";
    private static final String FILE = "model.safetensors";

    @TempDir
    Path home;

    private final Map<String, String> environment = new HashMap<>();
    private HubServer server;

    @BeforeEach
    void publish() throws IOException {
        server = new HubServer();
        server.repo("org/model-2.5")
                .file("config.json", "{\"model_type\": \"qwen3\"}")
                .file(FILE, "weights")
                .file("README.md", "# A model");
        environment.put("MODELSCOPE_ENDPOINT", server.address());
        environment.put("MODELSCOPE_CACHE", home.toString());
        environment.put("HF_HOME", home.resolve("none").toString());
        environment.put("MODELSCOPE_HOME", home.resolve("own").toString());
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Path pull() {
        return Hub.pull(
                NAME,
                PullOptions.DEFAULT
                        .withEnvironment(environment)
                        .withWarnings(Warnings.none())
                        .withFirstWait(Duration.ofMillis(5)));
    }

    @Test
    void putsFilesWhereItsOwnToolLooks() {
        Path directory = pull();
        assertThat(directory).isEqualTo(home.resolve("models/org--model-2.5/snapshots/master"));
        assertThat(directory.resolve(FILE)).hasContent("weights");
        assertThat(directory.resolve("README.md")).doesNotExist();
        server.hubRequests.clear();
        assertThat(pull()).isEqualTo(directory);
        assertThat(server.hubRequests).hasSize(1);
    }

    @Test
    void usesWhatItsOwnToolHasFetched() throws IOException {
        Path former = home.resolve("hub/models/org/model-2___5");
        Files.createDirectories(former);
        Files.writeString(former.resolve(FILE), "weights");
        assertThat(pull()).isEqualTo(former);
        assertThat(server.storeRequests).isEmpty();
        assertThat(Hub.list(PullOptions.DEFAULT.withEnvironment(environment)))
                .extracting(CachedModel::name, CachedModel::directory)
                .contains(tuple(NAME, former));
    }

    @Test
    void fetchesWhatHasChangedThoughItIsAsLong() {
        pull();
        server.repo("org/model-2.5").file(FILE, "WEIGHTS");
        assertThat(pull().resolve(FILE)).hasContent("WEIGHTS");
    }

    @Test
    void tellsTheTokenToItAlone() {
        environment.put("MODELSCOPE_API_TOKEN", "ms-token");
        environment.put("HF_TOKEN", "hf_good");
        pull();
        assertThat(server.hubRequests).isNotEmpty().allMatch(r -> r.endsWith("*"));
        assertThat(server.storeRequests).isNotEmpty().noneMatch(r -> r.endsWith("*"));
    }

    @Test
    void saysWhatIsMissing() {
        server.repos.clear();
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(this::pull)
                .withMessageContainingAll("there is no model " + NAME, "MODELSCOPE_API_TOKEN");
    }

    @Test
    void knowsWhoLoggedInWithItsOwnTool() throws IOException {
        byte[] jar = ModelScopeLoginTest.jar("valid");
        String text = new String(jar, StandardCharsets.ISO_8859_1);
        Path cookies = home.resolve("own/credentials/cookies");
        Files.createDirectories(cookies.getParent());
        Files.write(cookies, jar);
        pull();
        assertThat(server.hubRequests)
                .as("a login at another host")
                .isNotEmpty()
                .noneMatch(r -> r.endsWith("*"));
        server.hubRequests.clear();
        String here = text.replace("\rmodelscope.cn", "\t127.0.0.1"); // each behind its length
        Files.write(cookies, here.getBytes(StandardCharsets.ISO_8859_1));
        server.repo("org/model-2.5").file(FILE, "WEIGHTS");
        pull();
        assertThat(server.hubRequests).isNotEmpty().allMatch(r -> r.endsWith("*"));
        assertThat(server.storeRequests).isNotEmpty().noneMatch(r -> r.endsWith("*"));
    }
}
