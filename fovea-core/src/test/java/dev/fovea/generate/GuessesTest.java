package dev.fovea.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.io.Json;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What transformers guesses behind the same ids: src/test/python/generate_answers.py wrote it. */
class GuessesTest {
    @Test
    void areTheReferences() {
        for (Object recorded : Json.array(RecordedAnswersTest.resource("guesses.json"), "guesses.json")) {
            Map<String, ?> c = Json.object(recorded, "case");
            PromptLookup lookup = new PromptLookup(
                    ((Number) c.get("tokens")).intValue(),
                    ((Number) c.get("ngram")).intValue(),
                    Arrays.stream(ints(c, "eos")).boxed().collect(Collectors.toSet()),
                    100);
            assertThat(lookup.guess(ints(c, "ids"), 100)).as("%s", c).isEqualTo(ints(c, "guesses"));
        }
    }

    private static int[] ints(Map<String, ?> c, String key) {
        return RecordedAnswersTest.ints(Json.array(c.get(key), key));
    }

    @Test
    void keepToTheRoomAndToTheVocabulary() {
        PromptLookup lookup = new PromptLookup(4, 2, Set.of(), 10);
        int[] ids = {1, 2, 3, 4, 5, 6, 1, 2};
        assertThat(lookup.guess(ids, 9)).containsExactly(3, 4, 5, 6);
        assertThat(lookup.guess(ids, 2)).containsExactly(3, 4);
        assertThat(lookup.guess(ids, 0)).isEmpty();
        assertThat(lookup.guess(ids, -1)).isEmpty();
        assertThat(lookup.guess(new int[] {1, 2, 3, 10, 5, 1, 2}, 9))
                .as("10 is no token")
                .containsExactly(3);
    }
}
