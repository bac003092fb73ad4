package dev.fovea.models.florence2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.InputException;
import dev.fovea.io.Config;
import dev.fovea.models.Parsed.Quads;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code ocr} of post_processor_config. Expected answers are those of transformers 5.23's Florence2PostProcessor for a picture of
 * 200 x 100.
 */
class OcrRuleTest {
    private static final String ANSWER = "</s><s>Stop" + bins(100, 100, 500, 100, 500, 300, 100, 300) + "tiny"
            + bins(10, 10, 20, 10, 20, 20, 10, 20) + "Go# " + bins(0, 0, 999, 0, 999, 999, 0, 999) + "</s>";

    private static String bins(int... bins) {
        StringBuilder text = new StringBuilder();
        for (int bin : bins) {
            text.append("<loc_").append(bin).append('>');
        }
        return text.toString();
    }

    private static Quads parse(Map<String, Object> ocr) {
        OcrRule rule = OcrRule.of(Config.of(ocr, "processor_config.json"));
        return (Quads) new PostProcessor(false, Set.of(), rule).parse(ANSWER, "<OCR_WITH_REGION>", 200, 100);
    }

    private static List<String> texts(Map<String, Object> ocr) {
        return parse(ocr).quads().stream().map(q -> q.label()).toList();
    }

    @Test
    void countsInCapitalsOnly() {
        assertThat(texts(Map.of())).containsExactly("Stop", "tiny", "Go#");
        assertThat(texts(Map.of("area_threshold", 0.5, "pattern", "x"))).containsExactly("Stop", "tiny", "Go#");
        assertThat(texts(Map.of("AREA_THRESHOLD", 0.01))).containsExactly("Stop", "Go#");
        assertThat(texts(Map.of("AREA_THRESHOLD", 0.06))).containsExactly("Stop", "Go#");
        assertThat(texts(Map.of("AREA_THRESHOLD", -1))).containsExactly("Stop", "tiny", "Go#");
    }

    @Test
    void aPatternOfItsOwn() {
        Map<String, Object> ocr = Map.of("PATTERN", "([A-Z]\\w+).?\\s?" + "<loc_(\\d+)>".repeat(8));
        assertThat(texts(ocr)).containsExactly("Stop", "Go");
        assertThat(parse(ocr).answer().toString()).contains("[20, 10, 100, 10, 100, 30, 20, 30]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"(", "(.+?)", "(\\w+)(<loc_\\d+>)"})
    void aPatternThatGivesNoPlaces(String pattern) {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> texts(Map.of("PATTERN", pattern)))
                .withMessageStartingWith("processor_config.json: PATTERN is ")
                .withMessageContaining("nine groups");
    }
}
