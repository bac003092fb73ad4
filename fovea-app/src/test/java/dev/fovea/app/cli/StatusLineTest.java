package dev.fovea.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.media.FetchProgress;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class StatusLineTest {
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private String shown() {
        String all = err.toString(StandardCharsets.UTF_8);
        err.reset();
        return all;
    }

    private static FetchProgress progress(String address, long bytes, boolean isDone) {
        return new FetchProgress(address, bytes, OptionalLong.of(4_000_000), isDone);
    }

    @Test
    void whatIsFetchedIsShownTogether() {
        Console console = new Console(
                InputStream.nullInputStream(),
                new Output(OutputStream.nullOutputStream()),
                new Output(err),
                false,
                false,
                true);
        try (StatusLine status = new StatusLine(console, false)) {
            status.showFetching(progress("one", 1_000_000, false));
            assertThat(shown()).contains("Fetching one: " + Report.bytes(1_000_000) + " of " + Report.bytes(4_000_000));
            status.showFetching(progress("two", 2_000_000, false));
            assertThat(shown()).contains("Fetching 2 pictures and clips: " + Report.bytes(3_000_000));
            status.showFetching(progress("one", 4_000_000, true));
            assertThat(shown()).contains(Report.bytes(6_000_000));
            status.showFetching(progress("two", 4_000_000, true));
            assertThat(shown()).contains("Looking").doesNotContain("Fetching");
        }
    }
}
