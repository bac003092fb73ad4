package dev.fovea.app.cli;

import static dev.fovea.app.cli.Shell.fovea;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a server keeps of prompts. */
@Timeout(60)
class ServeKeepTest {
    private static final String LONG_PROMPT = "{\"messages\": [{\"role\": \"user\", \"content\": \""
            + "Which colour is the star? ".repeat(100) + "\"}], \"max_tokens\": 1}";

    private static String second(String... options) throws IOException, InterruptedException {
        try (ServerProcess server = ServerProcess.start(options)) {
            HttpRequest request = server.chat(LONG_PROMPT);
            ServerProcess.CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
            return ServerProcess.CLIENT
                    .send(request, HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    @Test
    void prompts() throws IOException, InterruptedException {
        assertThat(second()).containsPattern("\"cached_tokens\": ?[1-9]");
        assertThat(second("--keep-prefixes", "0")).contains("usage").doesNotContainPattern("\"cached_tokens\": ?[1-9]");
    }

    @Test
    void refusesLessThanNothing() {
        fovea("serve", Shell.MODEL, "--keep-pictures", "-1")
                .failsWith(ExitStatus.USAGE, "--keep-pictures are MiB; -1 is less than 0");
    }
}
