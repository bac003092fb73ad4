package dev.fovea.serve;

import static dev.fovea.serve.Trial.ask;
import static dev.fovea.serve.Trial.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.BatchOptions;
import dev.fovea.Pipeline;
import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.io.Json;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes wrong between a server and its clients. */
class FaultsTest {
    private static final String CHAT = "/v1/chat/completions";

    private static Pipeline model;
    private static Trial trial;

    @BeforeAll
    static void start() {
        model = Pipeline.imageTextToText("demo").batched(BatchOptions.DEFAULT);
        trial = Trial.of(ServeOptions.DEFAULT.withMaxBodyBytes(200_000).withMaxFileBytes(10_000), model);
    }

    @AfterAll
    static void stop() {
        trial.close();
        model.close();
    }

    /** A chat without a picture that goes on for minutes. */
    private static Map<String, Object> endless(boolean stream) {
        return Map.of(
                "messages",
                List.of(Map.of("role", "user", "content", "Describe this image.")),
                "min_tokens",
                4000,
                "max_tokens",
                4000,
                "stream",
                stream);
    }

    private static String http(String path, String body) {
        return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                + body.length() + "\r\n\r\n" + body;
    }

    /** For a connection that ends with the answer. */
    private static String closing(String request) {
        return request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    }

    private static void stillAnswers() {
        assertThat(trial.post(CHAT, Map.of("messages", List.of(ask("What is in the center?"))))
                        .at("choices.0.message.content"))
                .isEqualTo("An orange heart.");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void endsTheAnswerOfAClientThatLeaves(boolean stream) throws IOException {
        try (Socket socket = trial.connect()) {
            socket.getOutputStream()
                    .write(http(CHAT, Json.write(endless(stream))).getBytes(StandardCharsets.UTF_8));
            eventually(() -> trial.metric("fovea_answers_running") == 1);
            if (stream) {
                assertThat(socket.getInputStream().read()).isEqualTo('H');
            }
        }
        eventually(() -> trial.metric("fovea_answers_running") == 0);
    }

    @Test
    void waitsForNoSlowReader() throws IOException {
        try (Socket slow = trial.connect()) {
            slow.getOutputStream().write(http(CHAT, Json.write(endless(true))).getBytes(StandardCharsets.UTF_8));
            eventually(() -> trial.metric("fovea_answers_running") == 1);
            stillAnswers();
        }
        eventually(() -> trial.metric("fovea_answers_running") == 0);
    }

    /** Its answer is larger than what lies between the two holds. */
    @Test
    @Timeout(20)
    void cutsAReaderThatStalls() throws IOException {
        ServeOptions options = ServeOptions.DEFAULT.withReaderPatience(Duration.ofMillis(300));
        try (Trial impatient = Trial.of(options, model);
                Socket slow = new Socket()) {
            slow.setReceiveBufferSize(4096);
            slow.connect(new InetSocketAddress(
                    impatient.server().address().getHost(),
                    impatient.server().address().getPort()));
            String request = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(2000);
            assertThatThrownBy(() -> {
                        slow.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
                        while (true) { // what is written into a connection that is cut fails, soon or later
                            slow.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
                        }
                    })
                    .isInstanceOf(IOException.class);
            assertThat(impatient.get("/health").status()).isEqualTo(200);
        }
    }

    @Test
    void livesWithHalfRequests() throws IOException {
        List<Socket> halves = new ArrayList<>();
        String whole = http(CHAT, Json.write(endless(false)));
        for (int i = 1; i < 40; i++) {
            Socket socket = trial.connect();
            socket.getOutputStream()
                    .write(whole.substring(0, whole.length() * i / 40).getBytes(StandardCharsets.UTF_8));
            halves.add(socket);
        }
        stillAnswers();
        for (Socket socket : halves) {
            socket.close();
        }
        stillAnswers();
        assertThat(trial.metric("fovea_answers_running")).isZero();
    }

    /** A body behind the answer to a HEAD would be the beginning of the next one. */
    @Test
    void aHeadHasNoBody() throws IOException {
        String head = " HTTP/1.1\r\nHost: localhost\r\n\r\n";
        String all = trial.raw(
                "HEAD /health" + head, "HEAD " + CHAT + head, "HEAD /nothing" + head, closing("GET /health" + head));
        String health = Json.write(Map.of("status", "ok"));
        assertThat(all.split("(?=HTTP/1.1 )"))
                .satisfiesExactly(
                        first -> assertThat(first)
                                .startsWith("HTTP/1.1 200")
                                .contains("Content-Length: " + health.length())
                                .endsWith("\r\n\r\n"),
                        second -> assertThat(second)
                                .startsWith("HTTP/1.1 405")
                                .contains("Allow: POST\r\n")
                                .endsWith("\r\n\r\n"),
                        third -> assertThat(third).startsWith("HTTP/1.1 404").endsWith("\r\n\r\n"),
                        last -> assertThat(last).startsWith("HTTP/1.1 200").endsWith(health));
    }

    @Test
    void readsNoBodyBeyondItsLimit() throws IOException {
        assertThat(trial.raw("POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "Content-Length: 100000000000\r\n\r\n"))
                .startsWith("HTTP/1.1 413");
        assertThat(trial.post(CHAT, new byte[210_000]).status()).isEqualTo(413);
        String chunk = "10000\r\n" + " ".repeat(0x10000) + "\r\n";
        assertThat(trial.raw(
                        "POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                + "Transfer-Encoding: chunked\r\n\r\n",
                        chunk,
                        chunk,
                        chunk,
                        chunk,
                        chunk,
                        "0\r\n\r\n"))
                .matches("(?s)(HTTP/1.1 413.*)?");
        stillAnswers();
    }

    @Test
    void refusesBrokenJsonAndText() {
        for (String body : List.of(
                "",
                "{",
                "[]",
                "{\"a\": 1} x",
                "{\"a\": 1, \"a\": 2}",
                "nul",
                "{\"a\": NaN}",
                "[".repeat(100_000),
                "{\"messages\": " + "[".repeat(90) + "]".repeat(90) + "}")) {
            Trial.Reply reply = trial.post(CHAT, body.getBytes(StandardCharsets.UTF_8));
            assertThat(reply.status())
                    .as(body.substring(0, Math.min(20, body.length())))
                    .isEqualTo(400);
            assertThat(reply.at("error.type")).isEqualTo("invalid_request_error");
        }
        assertThat(trial.post(CHAT, new byte[] {'{', '"', (byte) 0xc3, '"', '}'})
                        .at("error.message"))
                .isEqualTo("the request is not text in UTF-8");
    }

    @Test
    void refusesAHundredThousandHeaders() throws IOException {
        StringBuilder headers = new StringBuilder("GET /health HTTP/1.1\r\nHost: localhost\r\n");
        for (int i = 0; i < 100_000; i++) {
            headers.append("x-").append(i).append(": ").append(i).append("\r\n");
        }
        assertThat(trial.raw(headers + "\r\n")).doesNotContain("200 OK");
        StringBuilder many = new StringBuilder("GET /health HTTP/1.1\r\nHost: localhost\r\n");
        for (int i = 0; i < 300; i++) {
            many.append("x-").append(i).append(": 1\r\n");
        }
        assertThat(trial.raw(many + "\r\n")).startsWith("HTTP/1.1 431");
        assertThat(trial.raw("GET /" + "x".repeat(100_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"))
                .doesNotContain("200 OK");
        stillAnswers();
    }

    @Test
    void refusesWhatIsNoHttp() throws IOException {
        for (String words : List.of(
                "\r\n\r\n",
                "hello\r\n\r\n",
                "\u0016\u0003\u0001\u0002",
                "GET / HTTP/9.9\r\n\r\n",
                "GET /health HTTP/1.1\r\n\r\n",
                "POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                "POST " + CHAT
                        + " HTTP/1.1\r\n"
                        + "Host: localhost\r\n"
                        + "Content-Length: 5\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\n"
                        + "0\r\n\r\n")) {
            assertThat(trial.raw(words)).as(words).doesNotContain("200 OK");
        }
        stillAnswers();
    }

    /** Two answers have all places for as long as their clients stay. */
    @Test
    void saysWhenItIsBusy() throws IOException {
        ServeOptions options =
                ServeOptions.DEFAULT.withBatch(BatchOptions.DEFAULT.withRows(1).withQueue(1));
        String request = http(CHAT, Json.write(endless(true)));
        try (Trial small = Trial.of(options, model)) {
            try (Socket one = small.connect();
                    Socket other = small.connect()) {
                one.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
                other.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
                eventually(() -> small.metric("fovea_answers_running") + small.metric("fovea_answers_waiting") == 2);
                Trial.Reply further = small.post(CHAT, endless(false));
                assertThat(further.status()).isEqualTo(429);
                assertThat(further.header("retry-after")).isNotEmpty();
            }
            eventually(() -> small.metric("fovea_answers_running") == 0);
        }
    }

    @Test
    void saysWhenItTookTooLong() {
        try (Trial hurried = Trial.of(ServeOptions.DEFAULT.withDeadline(Duration.ofMillis(200)), model)) {
            assertThat(hurried.post(CHAT, endless(false)).status()).isEqualTo(504);
        }
    }

    @Test
    void losesNoneOfAThousandClients() {
        try (Trial busy = Trial.of(ServeOptions.DEFAULT.withBatch(BatchOptions.DEFAULT.withQueue(100)), model);
                ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            Map<String, Object> chat =
                    Map.of("messages", List.of(Map.of("role", "user", "content", "Hi")), "max_tokens", 1);
            String request = closing(http(CHAT, Json.write(chat)));
            List<Future<Integer>> statuses = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                statuses.add(clients.submit(() -> status(busy, request)));
            }
            List<Integer> all = statuses.stream().map(FaultsTest::result).toList();
            assertThat(all).hasSize(1000).containsOnly(200, 429).contains(200);
        }
    }

    private static int status(Trial server, String request) throws IOException {
        try (Socket socket = server.connect()) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            String reply = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return Integer.parseInt(reply.substring(9, 12));
        }
    }

    private static <T> T result(Future<T> future) {
        try {
            return future.get();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void saysWhyAModelIsNotThere() {
        try (FoveaServer server =
                FoveaServer.start(ServeOptions.DEFAULT.withPort(0).withLog(_ -> {}), "no-such-folder")) {
            assertThatThrownBy(server::awaitReady)
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("no-such-folder");
            assertThat(server.isReady()).isFalse();
            assertThat(status(server, "/health")).isEqualTo(200);
            assertThat(status(server, "/ready")).isEqualTo(503);
            assertThat(status(server, "/v1/models/no-such-folder")).isEqualTo(503);
        }
    }

    private static int status(FoveaServer server, String path) {
        return Trial.send(HttpRequest.newBuilder(server.address().resolve(path)))
                .status();
    }

    @Test
    void stopsInTheMiddleOfLoading() {
        FoveaServer server =
                FoveaServer.start(ServeOptions.DEFAULT.withPort(0).withLog(_ -> {}), "demo", "demo:finder");
        server.close();
        server.close();
        assertThatThrownBy(() -> status(server, "/health")).isInstanceOf(AssertionError.class);
    }

    /** Its first word is there when the server closes: how long an answer runs is the machine's affair, and it may be over by then. */
    @Test
    void letsRunningAnswersEnd() throws IOException {
        Trial closing = Trial.of(ServeOptions.DEFAULT, model);
        Map<String, Object> chat = Map.of(
                "messages",
                List.of(Map.of("role", "user", "content", "Hi")),
                "min_tokens",
                400,
                "max_tokens",
                400,
                "stream",
                true,
                "stream_options",
                Map.of("include_usage", true));
        try (Socket socket = closing.connect()) {
            socket.getOutputStream().write(closing(http(CHAT, Json.write(chat))).getBytes(StandardCharsets.UTF_8));
            assertThat(socket.getInputStream().read()).isEqualTo('H');
            closing.close();
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .contains("\"completion_tokens\": 400")
                    .contains("[DONE]");
        }
        stillAnswers(); // the model is not the server's to close
    }

    @Test
    void refusesAnAddressInUseAndModelsOfOneName() {
        int port = trial.server().address().getPort();
        assertThatThrownBy(() -> FoveaServer.start(ServeOptions.DEFAULT.withPort(port), "demo"))
                .isInstanceOf(OptionException.class)
                .hasMessageContaining("the port is in use");
        assertThatThrownBy(() -> FoveaServer.start(ServeOptions.DEFAULT.withPort(0), "a=demo", "a=demo:finder"))
                .isInstanceOf(OptionException.class)
                .hasMessageContaining("NAME=MODEL");
    }
}
