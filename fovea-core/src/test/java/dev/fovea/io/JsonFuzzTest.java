package dev.fovea.io;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.fovea.error.InputException;
import java.nio.charset.StandardCharsets;

/** Whatever the text is: it is refused, or what was read writes as the same value. */
class JsonFuzzTest {
    @FuzzTest
    void parsesOrRefuses(byte[] content) {
        String text = new String(content, StandardCharsets.UTF_8);
        Object value;
        try {
            value = Json.parse(text, "input");
        } catch (InputException e) {
            assertThat(e.getMessage()).startsWith("input").doesNotContain("\n");
            return;
        }
        String written = Json.write(value);
        assertThat(Json.write(Json.parse(written, "written"))).isEqualTo(written);
    }
}
