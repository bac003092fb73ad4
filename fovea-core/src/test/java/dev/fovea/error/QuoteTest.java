package dev.fovea.error;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuoteTest {
    @ParameterizedTest
    @CsvSource({
        "a.jpg, a.jpg",
        "käse 犬.png, käse 犬.png",
        "https://user:pass@example.org/a.jpg, https://example.org/a.jpg",
        "https://token@example.org, https://example.org",
        "https://example.org/a.jpg?X-Signature=abc&x=1, https://example.org/a.jpg?…",
        "https://example.org/a@b.jpg, https://example.org/a@b.jpg",
        "http://me:p@ss@example.org:80/a, http://example.org:80/a",
        "http://me:pa/ss@example.org/a, http://…",
        "http://[::1]:80/a, http://[::1]:80/a",
        "'at http://127.0.0.1:80, and http://localhost:81.', 'at http://127.0.0.1:80, and http://localhost:81.'",
        "s3://key:secret@bucket/a.png#frag, s3://bucket/a.png?…",
        "file:///tmp/what?.png, file:///tmp/what?.png",
        "'see https://a:b@c.org/x?y=z, or https://d:e@f.org', 'see https://c.org/x?… or https://f.org'",
        "'data:image/png;base64,AAAABBBB', 'data:image/png;base64,…'",
        "what is a?b, what is a?b"
    })
    void keepsWhatNamesAndDropsWhatIsConfidential(String value, String shown) {
        assertThat(Quote.of(value)).isEqualTo(shown);
    }

    @Test
    void showsWhatSteersTerminalsAsCodes() {
        assertThat(Quote.of("a\u001b[31m\r\n\u0007\u009b\u202eb\ud800"))
                .isEqualTo("a\\u001b[31m\\u000d\\u000a\\u0007\\u009b\\u202eb\\ud800");
        assertThat(Quote.of("family \ud83d\udc68\u200d\ud83d\udc69"))
                .isEqualTo("family \ud83d\udc68\u200d\ud83d\udc69");
    }

    @Test
    void cutsWhatIsLongAndKeepsBothEnds() {
        String shown = Quote.of(Path.of("/" + "x".repeat(5000) + "/model.safetensors"));
        assertThat(shown).hasSizeLessThan(250).startsWith("/xxx").contains("…").endsWith("/model.safetensors");
    }

    @Test
    void takesAddresses() {
        assertThat(Quote.of(URI.create("http://a:b@localhost:8000/x?y"))).isEqualTo("http://localhost:8000/x?…");
    }
}
