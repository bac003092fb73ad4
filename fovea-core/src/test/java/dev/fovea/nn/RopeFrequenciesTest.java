package dev.fovea.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fovea.error.InputException;
import dev.fovea.io.Config;
import dev.fovea.io.Json;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class RopeFrequenciesTest {
    /** Torch's vectorised pow is a last bit off at a few places, which the ramps of YaRN and Llama 3 make at most so many of. */
    private static final int POW = 5;

    /** As test/python/checkpoints.py recorded it. */
    record Recorded(Map<String, Object> json) {
        int integer(String key) {
            return ((Number) json.get(key)).intValue();
        }

        @Override
        public String toString() {
            return json.get("rope").toString();
        }
    }

    static Stream<Recorded> recorded() throws URISyntaxException {
        Path file = Path.of(RopeFrequenciesTest.class.getResource("rope.json").toURI());
        return Json.array(Json.parse(file), "rope").stream().map(r -> new Recorded(Json.object(r, "rope")));
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void areTheReferences(Recorded r) {
        Config rope = Config.of(Json.object(r.json.get("rope"), "rope"), "rope");
        RopeFrequencies f = RopeFrequencies.of(
                Optional.of(rope),
                1,
                new RopeFrequencies.Head(r.integer("head_dim"), r.integer("max_position_embeddings")));
        List<?> expected = Json.array(r.json.get("inverse"), "inverse");
        assertThat(f.scaling()).isEqualTo(((Number) r.json.get("scaling")).floatValue());
        assertThat(f.inverse()).hasSize(expected.size());
        for (int j = 0; j < expected.size(); j++) {
            float value = ((Number) expected.get(j)).floatValue();
            assertThat(f.inverse()[j]).as("frequency " + j).isCloseTo(value, within(POW * Math.ulp(value)));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'rope_type': 'longrope', 'short_factor': [1], 'long_factor': [2]} | rope type \"longrope\"; expected default",
                "{'type': 'dynamic', 'factor': 2} | rope type \"dynamic\"; expected default",
                "{'type': 'yarn'} | factor is missing; expected a number",
                "{'type': 'yarn', 'factor': -1} | factor is -1; expected a number above 0",
                "{'type': 'linear', 'factor': 0} | factor is 0; expected a number above 0",
                "{'type': 'yarn', 'factor': 2, 'rope_theta': 1} | give YaRN no range of frequencies",
                "{'type': 'yarn', 'factor': 2, 'partial_rotary_factor': 0.5} | partial_rotary_factor is not 1"
            })
    void othersAreRefused(String json, String message) {
        Config rope = Config.of(Json.object(Json.parse(json.replace('\'', '"'), "rope"), "rope"), "config.json");
        assertThatThrownBy(() -> RopeFrequencies.of(Optional.of(rope), 1e6, new RopeFrequencies.Head(128, 32768)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(message);
    }
}
