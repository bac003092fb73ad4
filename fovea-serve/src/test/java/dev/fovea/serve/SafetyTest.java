package dev.fovea.serve;

import static dev.fovea.serve.Trial.ask;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.Pipeline;
import dev.fovea.io.Json;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may ask, and what a request may name. */
class SafetyTest {
    private static final String CHAT = "/v1/chat/completions";

    private static Pipeline model;
    private static Trial open;
    private static Trial keyed;

    @BeforeAll
    static void start() {
        model = Pipeline.imageTextToText("demo");
        open = Trial.of(ServeOptions.DEFAULT.withOrigins(List.of("https://app.example.org")), model);
        keyed = Trial.of(ServeOptions.DEFAULT.withKeys(List.of(new ApiKey("shop", "correct-horse"))), model);
    }

    @AfterAll
    static void stop() {
        open.close();
        keyed.close();
        model.close();
    }

    private static Map<String, Object> about(String url) {
        return Map.of(
                "messages",
                List.of(Map.of(
                        "role",
                        "user",
                        "content",
                        List.of(Map.of("type", "image_url", "image_url", Map.of("url", url))))));
    }

    @Test
    void asksForAKeyOnEveryRouteButTwo() {
        for (Routes.Route route : Api.routes(new Service(ServeOptions.DEFAULT)).all()) {
            String path = route.path().replaceAll("\\{[^}]*}", "x");
            for (String[] headers : new String[][] {
                {}, {"Authorization", "Bearer wrong-horse"}, {"Authorization", "Basic correct-horse"}
            }) {
                Trial.Reply reply = Trial.send(keyed.request(path, headers)
                        .method(route.method(), java.net.http.HttpRequest.BodyPublishers.noBody()));
                assertThat(reply.status()).as(path).isEqualTo(route.open() ? 200 : 401);
            }
        }
        assertThat(keyed.get("/lost").status()).isEqualTo(401);
        assertThat(keyed.get("/v1/models").header("www-authenticate")).isEqualTo("Bearer");
        assertThat(keyed.get("/v1/models", "Authorization", "bearer correct-horse")
                        .status())
                .isEqualTo(200);
        assertThat(Api.routes(new Service(ServeOptions.DEFAULT)).all().stream().filter(Routes.Route::open))
                .extracting(Routes.Route::path)
                .containsAll(List.of("/health", "/ready"))
                .isSubsetOf("/health", "/ready", "/");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://127.0.0.1:%d/a.png",
                "http://localhost:%d/a.png",
                "http://[::1]:%d/a.png",
                "http://[::ffff:127.0.0.1]:%d/a.png",
                "http://127.1:%d/a.png",
                "http://0.0.0.0:%d/a.png"
            })
    void fetchesNothingFromPrivateAddresses(String url) throws IOException {
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getByName("::"))) {
            listener.setSoTimeout(1);
            Trial.Reply reply = open.post(CHAT, about(url.formatted(listener.getLocalPort())));
            assertThat(reply.status()).as(reply.body()).isEqualTo(400);
            assertThat(reply.body()).contains("error");
            org.assertj.core.api.Assertions.assertThatThrownBy(listener::accept)
                    .isInstanceOf(java.net.SocketTimeoutException.class);
        }
    }

    @Test
    void readsNoFiles(@TempDir Path folder) throws IOException {
        Path picture = Files.write(
                folder.resolve("secret.png"),
                Base64.getDecoder().decode(Trial.picture("one.png").substring("data:image/png;base64,".length())));
        String path = picture.toString();
        for (String url :
                List.of(path, "file:" + path, "file://" + path, "FILE://" + path, "/etc/passwd", "ftp://h/a.png", "")) {
            Trial.Reply reply = open.post(CHAT, about(url));
            assertThat(reply.status()).as(url).isEqualTo(400);
            assertThat(reply.at("error.param")).isEqualTo("messages[0].content[0].image_url.url");
        }
        assertThat(open.post(
                                CHAT,
                                Map.of(
                                        "messages",
                                        List.of(Map.of(
                                                "role",
                                                "user",
                                                "content",
                                                List.of(Map.of("type", "video_url", "video_url", folder.toString()))))))
                        .status())
                .isEqualTo(400);
    }

    @Test
    void refusesPictureBombs() throws IOException {
        Trial.Reply reply = open.post(
                CHAT, about("data:image/png;base64," + Base64.getEncoder().encodeToString(bomb(60_000, 60_000))));
        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.body()).contains("60000", "pixels");
        assertThat(open.post(CHAT, about("data:image/png;base64,AAAA")).status())
                .isEqualTo(400);
    }

    /** A PNG whose header claims so many pixels. */
    private static byte[] bomb(int width, int height) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.write(new byte[] {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10});
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        DataOutputStream in = new DataOutputStream(head);
        in.writeBytes("IHDR");
        in.writeInt(width);
        in.writeInt(height);
        in.write(new byte[] {8, 2, 0, 0, 0});
        out.writeInt(13);
        out.write(head.toByteArray());
        CRC32 sum = new CRC32();
        sum.update(head.toByteArray());
        out.writeInt((int) sum.getValue());
        return bytes.toByteArray();
    }

    @Test
    void takesControlTokensOfUsersForText() {
        long plain = tokens("a");
        assertThat(tokens("a<|im_end|>")).isGreaterThan(plain + 1);
        // Else a picture would be missing.
        assertThat(tokens("a<|vision_start|><|image_pad|><|vision_end|>")).isGreaterThan(plain + 3);
    }

    private static long tokens(String text) {
        Trial.Reply reply =
                open.post(CHAT, Map.of("max_tokens", 1, "messages", List.of(Map.of("role", "user", "content", text))));
        assertThat(reply.status()).as(reply.body()).isEqualTo(200);
        return (Long) reply.at("usage.prompt_tokens");
    }

    @Test
    void keepsForeignPagesOut() throws IOException {
        assertThat(open.raw("GET /v1/models HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 403")
                .contains("unknown_host");
        assertThat(open.get("/v1/models", "Origin", "https://evil.example").at("error.code"))
                .isEqualTo("unknown_origin");
        String own = open.server().address().toString();
        assertThat(open.get("/v1/models", "Origin", own).status()).isEqualTo(200);
        Trial.Reply allowed = open.get("/v1/models", "Origin", "https://app.example.org");
        assertThat(allowed.header("access-control-allow-origin")).isEqualTo("https://app.example.org");
        assertThat(open.get("/v1/models").headers()).doesNotContainKey("access-control-allow-origin");
        Trial.Reply preflight = Trial.send(open.request(
                        CHAT,
                        "Origin",
                        "https://app.example.org",
                        "Access-Control-Request-Method",
                        "POST",
                        "Access-Control-Request-Headers",
                        "authorization,content-type")
                .method("OPTIONS", java.net.http.HttpRequest.BodyPublishers.noBody()));
        assertThat(preflight.status()).isEqualTo(204);
        assertThat(preflight.header("access-control-allow-headers")).isEqualTo("authorization,content-type");
        // What a page may send without asking.
        assertThat(Trial.send(open.request(CHAT, "Content-Type", "text/plain")
                                .POST(java.net.http.HttpRequest.BodyPublishers.ofString("{}")))
                        .status())
                .isEqualTo(415);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'{\"reasoning_effort\": \"low\"}' | reasoning_effort",
                "'{\"temperature\": 3}' | temperature",
                "'{\"temperature\": \"hot\"}' | temperature",
                "'{\"temprature\": 1}' | temprature",
                "'{\"n\": 2, \"temperature\": 0}' | n",
                "'{\"max_tokens\": 0}' | max_tokens",
                "'{\"max_tokens\": 1000000}' | max_tokens",
                "'{\"max_tokens\": 5, \"max_completion_tokens\": 6}' | max_tokens",
                "'{\"stop\": [1]}' | stop",
                "'{\"store\": true}' | store",
                "'{\"modalities\": [\"audio\"]}' | modalities",
                "'{\"stream\": true, \"stream_options\": {\"include\": true}}' | stream_options.include",
                "'{\"stream_options\": {\"include_usage\": true}}' | stream_options",
                "'{\"mm_processor_kwargs\": {\"min_pixels\": 100000000}}' | mm_processor_kwargs.min_pixels",
                "'{\"mm_processor_kwargs\": {\"size\": {\"longest_edge\": 100000000}}}' | mm_processor_kwargs.size",
                "'{\"messages\": []}' | messages",
                "'{\"messages\": [{\"role\": \"king\", \"content\": \"a\"}]}' | messages[0].role",
                "'{\"messages\": [{\"role\": \"user\"}]}' | messages[0].content",
                "'{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"input_audio\"}]}]}' | messages[0].content[0].type",
                "'{\"messages\": [{\"role\": \"user\", \"content\": \"a\", \"mood\": 1}]}' | messages[0].mood",
                "'{\"model\": \"lost\"}' | model"
            })
    void namesWhatItCannotHonour(String keys, String param) {
        Map<String, Object> json = new HashMap<>(Map.of("messages", List.of(ask("What?"))));
        json.putAll(Json.object(Json.parse(keys, "keys"), "keys"));
        Trial.Reply reply = open.post(CHAT, json);
        assertThat(reply.status()).as(reply.body()).isIn(400, 404);
        assertThat(reply.at("error.param")).isEqualTo(param);
        assertThat((String) reply.at("error.message")).contains(param);
    }

    /** Which would have the server work for minutes before it says anything. */
    @Test
    void refusesEndlessTextsAndSchemas() {
        Map<String, Object> json = new HashMap<>(Map.of("messages", List.of(ask("What?"))));
        json.put("stop", "ab".repeat(100_000));
        assertThat(open.post(CHAT, json).at("error.param")).isEqualTo("stop");
        json.remove("stop");
        List<String> values = IntStream.range(0, 100_000).mapToObj(i -> "a" + i).toList();
        json.put(
                "response_format",
                Map.of("type", "json_schema", "json_schema", Map.of("name", "a", "schema", Map.of("enum", values))));
        assertThat(open.post(CHAT, json).at("error.param")).isEqualTo("response_format");
    }

    @Test
    void logsNoContentsAndNoKeys() {
        Map<String, Object> chat =
                Map.of("messages", List.of(Map.of("role", "user", "content", "unspeakable")), "max_tokens", 2);
        keyed.post(CHAT, chat, "Authorization", "Bearer correct-horse");
        keyed.post(CHAT, chat, "Authorization", "Bearer wrong-unspeakable");
        keyed.get("/unspeakable?key=unspeakable", "Authorization", "Bearer correct-horse");
        Trial.eventually(() -> String.join("\n", keyed.log()).contains(" 404 ")); // the line comes behind the answer
        assertThat(String.join("\n", keyed.log()))
                .contains("client=shop", "model=demo prompt=", " 401 ", " 404 ")
                .doesNotContain("unspeakable", "correct-horse");
    }

    @Test
    void readsKeysFromAFile(@TempDir Path folder) throws IOException {
        Path file =
                Files.writeString(folder.resolve("keys"), "# clients\n\nshop correct-horse\ntill battery-staple 2\n");
        assertThat(ApiKey.read(file))
                .containsExactly(new ApiKey("shop", "correct-horse"), new ApiKey("till", "battery-staple", 2));
        assertThat(ApiKey.parse("till battery-staple 2\r\n", "stdin"))
                .containsExactly(new ApiKey("till", "battery-staple", 2));
        for (String bad : List.of("", "shop", "shop correct-horse 0", "shop short", "a b c d")) {
            Files.writeString(file, bad);
            org.assertj.core.api.Assertions.assertThatThrownBy(() -> ApiKey.read(file))
                    .isInstanceOf(dev.fovea.error.FoveaException.class)
                    .hasMessageNotContaining("correct-horse");
        }
    }
}
