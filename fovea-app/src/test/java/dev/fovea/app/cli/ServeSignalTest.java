package dev.fovea.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What SIGTERM does to a server, in a process of its own. */
@Timeout(60)
class ServeSignalTest {
    /** 128 and the number of SIGTERM: how a shell tells of a process that a signal has ended. */
    private static final int ENDED_BY_SIGTERM = 143;

    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private record Server(Process process, URI address) implements AutoCloseable {
        static Server start(String... options) throws IOException {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--add-modules",
                    "jdk.incubator.vector",
                    "--enable-native-access=ALL-UNNAMED",
                    "-XX:+UseSerialGC",
                    "-cp",
                    System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                    "dev.fovea.app.Main",
                    "serve",
                    "demo=" + Shell.MODEL,
                    "--port",
                    "0",
                    "--quiet"));
            command.addAll(List.of(options));
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            BufferedReader out = process.inputReader();
            String ready = out.readLine();
            assertThat(ready).startsWith("ready on http://");
            return new Server(process, URI.create(ready.substring("ready on ".length())));
        }

        HttpRequest chat(int tokens) {
            String body =
                    "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], \"stream\": true, \"temperature\": 0,"
                            + "\"stream_options\": {\"include_usage\": true}, \"min_tokens\": " + tokens
                            + ", \"max_tokens\": "
                            + tokens + "}";
            return HttpRequest.newBuilder(address.resolve("/v1/chat/completions"))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(body))
                    .build();
        }

        /** An answer of so many tokens that has begun to come. */
        Iterator<String> begin(int tokens) throws IOException, InterruptedException {
            HttpResponse<Stream<String>> response = CLIENT.send(chat(tokens), HttpResponse.BodyHandlers.ofLines());
            assertThat(response.statusCode()).isEqualTo(200);
            Iterator<String> lines = response.body().iterator();
            assertThat(lines.next()).startsWith("data: ");
            return lines;
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }

    @Test
    void takesNoMoreAndLetsWhatRunsEnd() throws IOException, InterruptedException {
        try (Server server = Server.start()) {
            Iterator<String> running = server.begin(200);
            server.process().destroy();
            HttpResponse<String> refused;
            do {
                refused = CLIENT.send(server.chat(1), HttpResponse.BodyHandlers.ofString());
            } while (refused.statusCode() == 200); // the signal is on its way
            assertThat(refused.statusCode()).isEqualTo(503);
            assertThat(refused.body()).contains("shutting_down");
            List<String> rest = new ArrayList<>();
            running.forEachRemaining(rest::add);
            assertThat(rest).contains("data: [DONE]").anyMatch(l -> l.contains("\"completion_tokens\": 200"));
            assertThat(server.process().waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(server.process().exitValue()).isEqualTo(ENDED_BY_SIGTERM);
        }
    }

    @Test
    void waitsNoLongerThanItsGrace() throws IOException, InterruptedException {
        try (Server server = Server.start("--grace", "1")) {
            Iterator<String> running = server.begin(4000);
            server.process().destroy();
            assertThat(server.process().waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(server.process().exitValue()).isEqualTo(ENDED_BY_SIGTERM);
            List<String> rest = new ArrayList<>();
            try {
                running.forEachRemaining(rest::add);
            } catch (UncheckedIOException e) {
                rest.add("cut");
            }
            assertThat(rest).doesNotContain("data: [DONE]");
        }
    }
}
