package dev.fovea.error;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClosestTest {
    private static final List<String> KNOWN =
            List.of("run", "trace", "chat", "num_beams", "num_beam_groups", "max_new_tokens", "OD", "OCR");

    @ParameterizedTest
    @CsvSource({
        "rnu, did you mean run?",
        "num_beam, did you mean num_beams?",
        "num_be, did you mean num_beam_groups or num_beams?",
        "max_new_token, did you mean max_new_tokens?",
        "od, did you mean OD?",
        "DO, did you mean OD?",
        "tarce, did you mean trace?",
        "zebra, ''",
        "'', ''"
    })
    void namesWhatWasMeant(String written, String question) {
        assertThat(Closest.question(written, KNOWN)).isEqualTo(question);
    }
}
