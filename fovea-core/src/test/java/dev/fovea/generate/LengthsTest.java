package dev.fovea.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.OptionException;
import org.junit.jupiter.api.Test;

class LengthsTest {
    private static final int NO_LIMIT = Integer.MAX_VALUE;

    @Test
    void withoutALengthTwentyNewTokensWithinTheModelsPositions() {
        assertThat(Lengths.of(GenerationConfig.EMPTY, 30, NO_LIMIT).max()).isEqualTo(50);
        assertThat(Lengths.of(GenerationConfig.EMPTY, 30, 40).max()).isEqualTo(40);
        assertThatThrownBy(() -> Lengths.of(GenerationConfig.EMPTY, 40, 40))
                .isInstanceOf(OptionException.class)
                .hasMessageStartingWith("the prompt has 40 ids, but max_length is 40; no room for an answer");
    }

    @Test
    void maxLengthCountsThePromptAndMaxNewTokensDoesNot() {
        assertThat(Lengths.of(GenerationConfig.EMPTY.withMaxLength(50), 30, NO_LIMIT)
                        .maxNew())
                .isEqualTo(20);
        Lengths both = Lengths.of(GenerationConfig.maxNewTokens(5).withMaxLength(90), 30, NO_LIMIT);
        assertThat(both.max()).isEqualTo(35);
        assertThat(both.warnings()).singleElement().asString().contains("max_new_tokens takes precedence");
        assertThat(Lengths.of(GenerationConfig.maxNewTokens(NO_LIMIT), 30, NO_LIMIT)
                        .max())
                .isEqualTo(NO_LIMIT);
    }

    @Test
    void anExplicitLengthBeyondThePositionsIsAWarning() {
        Lengths lengths = Lengths.of(GenerationConfig.maxNewTokens(20), 30, 40);
        assertThat(lengths.max()).isEqualTo(50);
        assertThat(lengths.warnings())
                .containsExactly("prompt and answer may reach 50 ids, but the model has 40 positions");
    }

    @Test
    void minNewTokensWinsOverMinLength() {
        assertThat(Lengths.of(GenerationConfig.EMPTY.withMinLength(35), 30, NO_LIMIT)
                        .min())
                .isEqualTo(35);
        Lengths both = Lengths.of(GenerationConfig.EMPTY.withMinLength(35).withMinNewTokens(9), 30, NO_LIMIT);
        assertThat(both.min()).isEqualTo(39);
        assertThat(both.warnings()).singleElement().asString().contains("min_new_tokens takes precedence");
        assertThat(Lengths.of(GenerationConfig.maxNewTokens(4).withMinNewTokens(9), 30, NO_LIMIT)
                        .warnings())
                .singleElement()
                .asString()
                .contains("asks for 39 ids, but the limit is 34");
    }

    @Test
    void aModelThatEndsWithItsPositions() {
        Lengths lengths = Lengths.of(GenerationConfig.maxNewTokens(20), 30, 40);
        assertThat(lengths.within(50)).isSameAs(lengths);
        assertThat(lengths.within(41).max()).isEqualTo(41);
        assertThat(lengths.within(41).warnings()).last().asString().contains("41 ids at most", "50");
        assertThatThrownBy(() -> lengths.within(30))
                .isInstanceOf(OptionException.class)
                .hasMessageContaining("30 ids");
    }
}
