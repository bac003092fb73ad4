package dev.fovea.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.OptionException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class StopStringsTest {
    private static final Tokenizer TOKENIZER = Tokenizer.open(Resources.path("oracle/qwen2_5_vl/base/checkpoint"));

    @AfterAll
    static void close() {
        TOKENIZER.close();
    }

    /** The answer up to the token that ends it, token by token as a generation loop goes. */
    private static String untilStop(String prompt, String answer, String... strings) {
        int[] ids = TOKENIZER.encode(answer, false);
        StopStrings stop = StopStrings.of(TOKENIZER, List.of(strings), TOKENIZER.encode(prompt, false));
        for (int n = 0; n <= ids.length; n++) {
            int[] sofar = Arrays.copyOf(ids, n);
            if (stop.test(sofar)) {
                return TOKENIZER.decode(sofar, false);
            }
        }
        return "never";
    }

    @Test
    void stopsWithTheTokenThatCompletesAString() {
        assertThat(untilStop("", "One line\nUser: more", "\nUser:")).isEqualTo("One line\nUser:");
        assertThat(untilStop("", "the end and the rest", "nd")).isEqualTo("the end");
        assertThat(untilStop("", "abc", "x", "y")).isEqualTo("never");
        assertThat(untilStop("", "abc")).isEqualTo("never");
        assertThat(untilStop("", "long text, " + "x".repeat(500) + " stop here", "stop"))
                .endsWith(" stop");
    }

    @Test
    void keepsTheLastTokenWhole() {
        int[] ids = TOKENIZER.encode(" with", false);
        assertThat(ids).hasSize(1);
        assertThat(untilStop("", " with", "wi")).isEqualTo(" with");
    }

    @Test
    void matchesWhatBeginsInThePromptButNotWhatEndsThere() {
        assertThat(untilStop("Question: a\n", "\nb", "\n\n")).isEqualTo("\n");
        assertThat(untilStop("stop", " it", "stop")).isEqualTo("never");
        assertThat(untilStop("stop", " it", "stop", "p i")).isEqualTo(" it");
    }

    @Test
    void seesCharactersOfSeveralTokensAndSpecialTokens() {
        assertThat(untilStop("", "a €b", "€")).isEqualTo("a €");
        assertThat(untilStop("", "done<|im_end|>more", "<|im_end|>")).isEqualTo("done<|im_end|>");
    }

    @Test
    void refusesAnEmptyString() {
        assertThatThrownBy(() -> StopStrings.of(TOKENIZER, List.of("a", ""), new int[0]))
                .isInstanceOf(OptionException.class)
                .hasMessageContaining("empty");
    }
}
