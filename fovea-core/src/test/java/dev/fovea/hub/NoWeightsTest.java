package dev.fovea.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.Hub;
import dev.fovea.error.InputException;
import dev.fovea.error.NetworkException;
import dev.fovea.error.Warnings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is fetched for a processor alone, and what becomes of it. */
class NoWeightsTest {
    private static final String NAME = "org/model";
    private static final String INDEX = "model.safetensors.index.json";
    private static final String[] SHARDS = {"1.safetensors", "2.safetensors"};

    @TempDir
    Path home;

    private final Map<String, String> environment = new HashMap<>();
    private final List<String> warnings = new ArrayList<>();
    private HubServer server;

    @BeforeEach
    void publish() throws IOException {
        server = new HubServer();
        environment.put("HF_ENDPOINT", server.address());
        environment.put("HF_HOME", home.toString());
        environment.put("MODELSCOPE_ENDPOINT", server.address());
        environment.put("MODELSCOPE_CACHE", home.resolve("ms").toString());
        server.repo(NAME)
                .file("config.json", "{\"model_type\": \"qwen3\"}")
                .file("preprocessor_config.json", "{\"size\": 1}")
                .file("tokenizer.json", "{}")
                .file("additional_chat_templates/tools.jinja", "{{ 1 }}")
                .file(INDEX, "{\"weight_map\": {\"a\": \"1.safetensors\", \"b\": \"2.safetensors\"}}")
                .file(SHARDS[0], weights(1))
                .file(SHARDS[1], weights(2))
                .file("README.md", "# A model");
    }

    private static byte[] weights(int seed) {
        byte[] bytes = new byte[100_000];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private PullOptions options() {
        return PullOptions.DEFAULT
                .withEnvironment(environment)
                .withWarnings(Warnings.to(warnings::add))
                .withFirstWait(Duration.ofMillis(5));
    }

    private Path small(String model) {
        return Hub.pull(model, options().withWeights(false));
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile)
                    .map(f -> directory.relativize(f).toString().replace('\\', '/'))
                    .sorted()
                    .toList();
        }
    }

    /** The files that were asked for, each once. */
    private List<String> asked() {
        return server.hubRequests.stream()
                .filter(r -> r.contains("/resolve/"))
                .map(r -> r.replaceFirst(".*/resolve/[0-9a-f]*/", ""))
                .distinct()
                .sorted()
                .toList();
    }

    @Test
    void asksForFilesOfTheProcessorAloneAndThenForTheRest() throws IOException {
        List<String> processor = List.of(
                "additional_chat_templates/tools.jinja", "config.json", "preprocessor_config.json", "tokenizer.json");
        Path directory = small(NAME);
        assertThat(names(directory)).isEqualTo(processor);
        assertThat(asked()).isEqualTo(processor);
        assertThat(server.storeRequests).isEmpty();

        server.hubRequests.clear();
        assertThat(small(NAME)).isEqualTo(directory);
        assertThat(server.hubRequests).as("whether it has changed").hasSize(1);
        server.hubRequests.clear();
        assertThat(small(NAME + "@" + server.repo(NAME).commit())).isEqualTo(directory);
        assertThat(server.hubRequests).isEmpty();

        assertThat(Hub.pull(NAME, options())).isEqualTo(directory);
        assertThat(asked()).containsExactly(SHARDS[0], SHARDS[1], INDEX);
        assertThat(names(directory)).contains(SHARDS).contains(INDEX).hasSize(7);
        assertThat(warnings).isEmpty();
    }

    /** Whatever a model's weights are, its tokenizer can be read; a repository without a model has no processor. */
    @Test
    void doesNotMindWeightsThatAreNotRead() throws IOException {
        server.repo("org/gguf")
                .file("config.json", "{\"model_type\": \"qwen3\"}")
                .file("model.gguf", "x");
        assertThat(names(small("org/gguf"))).containsExactly("config.json");
        server.repo("org/adapter").file("adapter_config.json", "{}").file("tokenizer.json", "{}");
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> small("org/adapter"))
                .withMessageContaining("adapter");
        server.repo("org/other").file("config.json", "{\"model_type\": \"mamba9\"}");
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> small("org/other"))
                .withMessageContaining("mamba9");
    }

    @Test
    void aHubThatDoesNotAnswerStopsNobody() {
        Path directory = small(NAME);
        server.faults.add((exchange, _) -> {
            exchange.sendResponseHeaders(503, -1);
            return true;
        });
        assertThat(small(NAME)).isEqualTo(directory);
        assertThat(warnings).singleElement().asString().contains("whether org/model has changed is not known");
        assertThatExceptionOfType(NetworkException.class).isThrownBy(() -> Hub.pull(NAME, options()));
    }

    @Test
    void offlineAModelIsStillRefused() {
        small(NAME);
        environment.put("HF_HUB_OFFLINE", "1");
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Hub.pull(NAME, options()))
                .withMessageContaining(INDEX + " is missing");
    }

    @ParameterizedTest
    @ValueSource(strings = {NAME, "modelscope:" + NAME})
    void aPartIsCalledSo(String model) throws IOException {
        Path directory = small(model);
        assertThat(Hub.list(options())).singleElement().satisfies(m -> {
            assertThat(m.problem()).contains("has no weights");
            assertThat(m.modelType()).contains("qwen3");
        });
        Map<String, Verdict> verdicts = Hub.verify(model, options(), _ -> {});
        assertThat(verdicts)
                .hasSize(5)
                .containsEntry(INDEX, Verdict.MISSING)
                .containsEntry("tokenizer.json", Verdict.SOUND);
        assertThat(Hub.repair(model, options(), verdicts)).isEqualTo(directory);
        assertThat(Hub.verify(model, options(), _ -> {}))
                .hasSize(7)
                .allSatisfy((_, verdict) -> assertThat(verdict).isEqualTo(Verdict.SOUND));
        Files.delete(directory.resolve(SHARDS[1]));
        assertThat(Hub.verify(model, options(), _ -> {})).containsEntry(SHARDS[1], Verdict.MISSING);
        assertThat(Hub.remove(model, options())).isPositive();
        assertThat(Hub.list(options())).isEmpty();
    }

    /** On ModelScope a branch's files change in place: a new tokenizer beside old weights is no model. */
    @ParameterizedTest
    @ValueSource(strings = {NAME, "modelscope:" + NAME})
    void whatIsWholeStaysSo(String model) throws IOException {
        Hub.pull(model, options());
        server.repo(NAME).file("tokenizer.json", "[]").file(SHARDS[0], weights(3));
        Path directory = small(model);
        assertThat(directory.resolve(SHARDS[0])).hasBinaryContent(weights(3));
        environment.put("HF_HUB_OFFLINE", "1");
        assertThat(Hub.pull(model, options())).isEqualTo(directory);
    }

    @ParameterizedTest
    @ValueSource(strings = {NAME, "modelscope:" + NAME})
    void oldWeightsOfAPartAreNotTakenForNewOnes(String model) throws IOException {
        Files.delete(Hub.pull(model, options()).resolve(SHARDS[1]));
        server.repo(NAME).file("tokenizer.json", "[]").file(SHARDS[0], weights(3));
        small(model);
        assertThat(Hub.pull(model, options()).resolve(SHARDS[0])).hasBinaryContent(weights(3));
    }

    /** Of which only the files that are fetched get their sums. */
    @Test
    void aMirrorThatListsNamesAloneWillDo() {
        server.namesAlone = true;
        small(NAME);
        Hub.pull(NAME, options());
        assertThat(Hub.verify(NAME, options(), _ -> {}))
                .hasSize(7)
                .allSatisfy((_, verdict) -> assertThat(verdict).isEqualTo(Verdict.SOUND));
    }
}
