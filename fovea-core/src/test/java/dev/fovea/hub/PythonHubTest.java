package dev.fovea.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fovea.Hub;
import dev.fovea.error.Warnings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Beside Python's huggingface_hub in one cache. FOVEA_PYTHON names a Python that has it; without one, nothing is tested here. */
class PythonHubTest {
    private static final String NAME = "org/model";
    private static final String FILE = "model.safetensors";
    private static final String PYTHON = System.getenv().getOrDefault("FOVEA_PYTHON", "python3");
    private static final String FETCH =
            "from huggingface_hub import snapshot_download; print(snapshot_download('org/model'))";

    @TempDir
    Path home;

    private final byte[] weights = new byte[9_000_000];
    private final Map<String, String> environment = new HashMap<>();
    private HubServer server;

    @BeforeEach
    void publish() throws IOException, InterruptedException {
        assumeTrue(isThere(), "no Python with huggingface_hub 2: FOVEA_PYTHON may name one");
        server = new HubServer();
        new Random(7).nextBytes(weights);
        server.repo(NAME)
                .file("config.json", "{\"model_type\": \"qwen3\"}")
                .file("tokenizer.json", "{}")
                .file(FILE, weights);
        environment.put("HF_ENDPOINT", server.address());
        environment.put("HF_HOME", home.toString());
        environment.put("HF_HUB_DISABLE_UPDATE_CHECK", "1");
        environment.put("HF_HUB_DISABLE_TELEMETRY", "1");
    }

    @AfterEach
    void stop() {
        if (server != null) {
            server.close();
        }
    }

    private boolean isThere() throws InterruptedException {
        try {
            Process asked = new ProcessBuilder(
                            PYTHON, "-c", "import huggingface_hub as h; assert h.__version__.startswith('2.')")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return asked.waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private Process python(String code) throws IOException {
        ProcessBuilder process = new ProcessBuilder(PYTHON, "-c", code)
                .redirectError(home.resolve("python.err").toFile());
        process.environment()
                .keySet()
                .removeIf(k -> k.startsWith("HF_")
                        || k.toLowerCase(java.util.Locale.ROOT).endsWith("_proxy"));
        process.environment().putAll(environment);
        return process.start();
    }

    private String said(Process process) throws IOException, InterruptedException {
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor())
                .as(Files.readString(home.resolve("python.err")))
                .isZero();
        return out.strip();
    }

    private Path pull() {
        return Hub.pull(
                NAME,
                PullOptions.DEFAULT
                        .withEnvironment(environment)
                        .withWarnings(Warnings.none())
                        .withFirstWait(Duration.ofMillis(5)));
    }

    private void isWhole(Path directory) throws IOException {
        assertThat(Arrays.equals(Files.readAllBytes(directory.resolve(FILE)), weights))
                .isTrue();
    }

    @Test
    void findsWhatFoveaFetched() throws IOException, InterruptedException {
        Path directory = pull();
        environment.put("HF_HUB_OFFLINE", "1");
        String said = said(python("""
                from huggingface_hub import hf_hub_download, scan_cache_dir, snapshot_download, try_to_load_from_cache
                print(snapshot_download("org/model"))
                print(hf_hub_download("org/model", "model.safetensors"))
                print(type(try_to_load_from_cache("org/model", "merges.txt")).__name__)
                info = scan_cache_dir()
                print(len(info.repos), len(info.warnings), len(info.incomplete_files))
                """));
        assertThat(said.lines())
                .containsExactly(directory.toString(), directory.resolve(FILE).toString(), "object", "1 0 0");
    }

    @Test
    void isFoundWhereItFetched() throws IOException, InterruptedException {
        String fetched = said(python(FETCH));
        server.storeRequests.clear();
        server.hubRequests.clear();
        assertThat(pull()).isEqualTo(Path.of(fetched));
        assertThat(server.hubRequests).hasSize(1);
        assertThat(server.storeRequests).isEmpty();
        isWhole(Path.of(fetched));
        environment.put("HF_HUB_OFFLINE", "1");
        assertThat(pull()).isEqualTo(Path.of(fetched));
    }

    @Test
    void bothAtOnce() throws IOException, InterruptedException {
        Process python = python(FETCH);
        Path directory = pull();
        isWhole(directory);
        assertThat(said(python)).isEqualTo(directory.toString());
        isWhole(directory);
        assertThat(Hub.verify(NAME, PullOptions.DEFAULT.withEnvironment(environment), _ -> {})
                        .values())
                .containsOnly(Verdict.SOUND);
    }

    @Test
    void waitsForTheLockThatPythonHas() throws IOException, InterruptedException {
        String sum = HubServer.sha("SHA-256", weights);
        Process python = python("""
                import os, pathlib, sys
                from filelock import FileLock
                path = pathlib.Path(os.environ["HF_HOME"], "hub/.locks/models--org--model", "%s.lock")
                path.parent.mkdir(parents=True)
                with FileLock(path, mode=0o664):
                    print("locked", flush=True)
                    sys.stdin.read()
                """.formatted(sum));
        assertThat(python.inputReader().readLine()).isEqualTo("locked");
        boolean[] waited = new boolean[1];
        Path directory =
                Hub.pull(NAME, PullOptions.DEFAULT.withEnvironment(environment).withListener(p -> {
                    if (p.waits() && !waited[0]) {
                        waited[0] = true;
                        python.destroy();
                    }
                }));
        assertThat(waited[0]).isTrue();
        isWhole(directory);
    }
}
