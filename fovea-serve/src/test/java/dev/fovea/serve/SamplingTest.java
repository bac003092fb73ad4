package dev.fovea.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.Pipeline;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SamplingTest {
    /** The model's own settings may ask for guesses; a request then says by how many tokens. */
    @Test
    void readsHowToGuessWithoutHowMany() {
        try (Pipeline pipe = Pipeline.imageTextToText("demo")) {
            Sampling sampling =
                    Sampling.read(Fields.of(Map.of("max_matching_ngram_size", 3L)), pipe, 100, "max_tokens");
            assertThat(sampling.config().promptLookupNumTokens()).isEmpty();
            assertThat(sampling.config().maxMatchingNgramSize()).isEqualTo(3);
        }
    }
}
