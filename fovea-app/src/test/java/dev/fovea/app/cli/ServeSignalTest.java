package dev.fovea.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What SIGTERM does to a server, in a process of its own. */
@Timeout(60)
class ServeSignalTest {
    /** 128 and the number of SIGTERM: how a shell tells of a process that a signal has ended. */
    private static final int ENDED_BY_SIGTERM = 143;

    @Test
    void takesNoMoreAndLetsWhatRunsEnd() throws IOException, InterruptedException {
        try (ServerProcess server = ServerProcess.start()) {
            Iterator<String> running = server.begin(200);
            server.process().destroy();
            HttpResponse<String> refused;
            do {
                refused = ServerProcess.CLIENT.send(server.chat(1), HttpResponse.BodyHandlers.ofString());
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
        try (ServerProcess server = ServerProcess.start("--grace", "1")) {
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
