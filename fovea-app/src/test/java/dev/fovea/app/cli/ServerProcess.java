package dev.fovea.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;

/** A server of one model, in a process of its own. */
record ServerProcess(Process process, URI address) implements AutoCloseable {
    static final HttpClient CLIENT = HttpClient.newHttpClient();

    static ServerProcess start(String... options) throws IOException {
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
        return new ServerProcess(process, URI.create(ready.substring("ready on ".length())));
    }

    HttpRequest chat(int tokens) {
        return chat("{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], \"stream\": true, \"temperature\": 0,"
                + "\"stream_options\": {\"include_usage\": true}, \"min_tokens\": " + tokens
                + ", \"max_tokens\": "
                + tokens + "}");
    }

    HttpRequest chat(String body) {
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
