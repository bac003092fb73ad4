package dev.fovea.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.fovea.io.DemoModels;
import dev.fovea.io.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models by name at the command line, in a process of its own, whose variables name a hub that holds a demo model. */
class HubCommandsTest {
    private static final String NAME = "org/model";
    private static final String COMMIT = "0123456789".repeat(4);

    @TempDir
    Path home;

    private Path published;
    private HttpServer server;

    @BeforeEach
    void publish() throws IOException {
        published = DemoModels.pictures().getFirst().resolveSibling("../chat").normalize();
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            if (path.startsWith("/api/models/org/model/revision/main")) {
                send(exchange, Json.write(page()).getBytes(StandardCharsets.UTF_8));
            } else if (path.startsWith("/org/model/resolve/" + COMMIT + "/")) {
                send(exchange, Files.readAllBytes(published.resolve(path.substring(path.lastIndexOf('/') + 1))));
            } else {
                exchange.getResponseHeaders().add("X-Error-Code", "RepoNotFound");
                exchange.sendResponseHeaders(401, -1);
            }
        }
    }

    private static void send(HttpExchange exchange, byte[] bytes) throws IOException {
        String range = exchange.getRequestHeaders().getFirst("Range");
        String[] ends = range == null
                ? new String[] {"0", ""}
                : range.substring("bytes=".length()).split("-", 2);
        int from = Integer.parseInt(ends[0]);
        int to = ends[1].isEmpty() ? bytes.length : Integer.parseInt(ends[1]) + 1;
        if (range != null) {
            exchange.getResponseHeaders().add("Content-Range", "bytes " + from + "-" + (to - 1) + "/" + bytes.length);
        }
        boolean head = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(range == null ? 200 : 206, head ? -1 : to - from);
        if (!head) {
            exchange.getResponseBody().write(bytes, from, to - from);
        }
    }

    private Map<String, Object> page() throws IOException {
        List<Object> siblings = new ArrayList<>();
        try (Stream<Path> files = Files.list(published)) {
            for (Path file : files.toList()) {
                siblings.add(Map.of(
                        "rfilename",
                        file.getFileName().toString(),
                        "size",
                        Files.size(file),
                        "blobId",
                        "etag-" + file.getFileName()));
            }
        }
        return Map.of("id", NAME, "sha", COMMIT, "siblings", siblings);
    }

    private Shell.Result fovea(String... args) throws IOException, InterruptedException {
        return fovea(Map.of(), args);
    }

    private Shell.Result fovea(Map<String, String> variables, String... args) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Djava.awt.headless=true",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                "dev.fovea.app.Main"));
        command.addAll(List.of(args));
        Path out = home.resolve("out");
        Path err = home.resolve("err");
        ProcessBuilder process =
                new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
        process.environment().keySet().removeIf(k -> k.startsWith("HF_") || k.startsWith("MODELSCOPE_"));
        process.environment()
                .putAll(Map.of(
                        "HF_ENDPOINT",
                        "http://127.0.0.1:" + server.getAddress().getPort(),
                        "HF_HOME",
                        home.toString(),
                        "MODELSCOPE_CACHE",
                        home.resolve("modelscope").toString()));
        process.environment().putAll(variables);
        int status = process.start().waitFor();
        String said =
                Files.readString(err).replaceFirst("WARNING: Using incubator modules: jdk.incubator.vector\n", "");
        return new Shell.Result(status, Files.readString(out), said);
    }

    @Test
    void aModelByNameIsFetchedAndAnswers() throws IOException, InterruptedException {
        Shell.Result answer = fovea(
                "run",
                NAME,
                "What is in the picture?",
                "--image",
                DemoModels.pictures().getFirst().toString(),
                "--max-new-tokens",
                "8");
        answer.succeeds();
        assertThat(answer.out()).isNotBlank();
        assertThat(answer.err().lines().toList())
                .hasSize(2)
                .satisfies(l -> assertThat(l.getFirst()).matches("fovea: fetching org/model: .* MB in \\d+ files"))
                .satisfies(l -> assertThat(l.getLast()).matches("fovea: fetched org/model: .* MB in 0:\\d\\d, .*/s"));

        Shell.Result listed = fovea("list").succeeds();
        assertThat(listed.out()).contains("MODEL", "org/model", "main 01234567", "just now", "qwen2_5_vl");

        Shell.Result pulled = fovea("pull", NAME).succeeds();
        assertThat(Path.of(pulled.out().strip())).isDirectory();
        assertThat(pulled.err()).isEmpty();

        Shell.Result verified = fovea("verify", NAME, "--format", "json").succeeds();
        assertThat(Json.object(verified.json().get("files"), "files")).containsKey("model.safetensors");

        Files.delete(Path.of(pulled.out().strip(), "model.safetensors"));
        Map<String, String> offline = Map.of("HF_HUB_OFFLINE", "1");
        Shell.Result refused = fovea(offline, "pull", NAME);
        assertThat(refused.status()).isEqualTo(ExitStatus.INPUT);
        assertThat(refused.err()).contains("forbids to fetch the rest: model.safetensors is missing");
        assertThat(fovea(offline, "tokenize", NAME, "Hello").succeeds().err()).isEmpty();

        fovea("rm", NAME).succeeds();
        assertThat(fovea("list").succeeds().err()).contains("no models are here");
    }

    @Test
    void whatNeedsNoWeightsFetchesNone() throws IOException, InterruptedException {
        Shell.Result tokenized = fovea("tokenize", NAME, "Hello").succeeds();
        assertThat(tokenized.out()).isNotBlank();
        assertThat(fovea("inspect", NAME).succeeds().out()).contains("qwen2_5_vl", "mapped from the files");
        assertThat(home.resolve("hub/models--org--model/snapshots/" + COMMIT))
                .isDirectoryContaining("glob:**/tokenizer.json")
                .isDirectoryNotContaining("glob:**/*.safetensors");
        assertThat(fovea("list").succeeds().out()).contains("main 01234567", "has no weights");
        Shell.Result verified = fovea("verify", NAME);
        assertThat(verified.status()).isEqualTo(ExitStatus.INPUT);
        assertThat(verified.out()).contains("missing   model.safetensors");
    }

    @Test
    void whatIsNotThereIsOneLine() throws IOException, InterruptedException {
        fovea("pull", "org/nothing").failsWith(ExitStatus.INPUT, "there is no model org/nothing", "HF_TOKEN");
    }
}
