package dev.fovea.text.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.OptionException;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.LogitsProcessor;
import dev.fovea.generate.ResponseFormat;
import dev.fovea.text.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Calls within texts, and in the place of documents. */
class AnswerLanguageTest {
    private static final ResponseFormat CALL =
            ResponseFormat.jsonSchema(Map.of("enum", List.of(1, 2))).between("<call>\n", "\n</call>");

    private static String state(ResponseFormat format, String text) {
        Automaton automaton = AnswerLanguage.of(format);
        Position position = Position.start(automaton).after(automaton, text.getBytes(StandardCharsets.UTF_8));
        return position.isNowhere()
                ? "wrong"
                : position.isOver(automaton) ? "over" : position.isComplete(automaton) ? "complete" : "begun";
    }

    @ParameterizedTest
    @CsvSource({
        "'',                             complete, complete",
        "Hello € 1 < 2 </call>,          complete, complete",
        "<cal,                           complete, complete",
        "<call>,                         begun,    begun",
        "Well <call> 1,                  begun,    begun",
        "Well <c<call>3,                 wrong,    wrong",
        "<<call>2</call>,                complete, over",
        "<cal<call>2 </call> and more,   complete, wrong",
        "<call>2</call> <call>,          begun,    wrong",
        "<call>2</call> <call>1</call>,  complete, wrong",
        "<call>two</call>,               wrong,    wrong",
        "<call>1</cal>,                  wrong,    wrong",
    })
    void callsStandAnywhereInAText(String text, String several, String one) {
        assertThat(state(ResponseFormat.text().withCalls(CALL, true), text)).isEqualTo(several);
        assertThat(state(ResponseFormat.text().withCalls(CALL, false), text)).isEqualTo(one);
    }

    @ParameterizedTest
    @CsvSource({
        "'',                            begun,    begun",
        "true,                          over,     over",
        "false,                         over,     over",
        "Well,                          wrong,    wrong",
        "<call>1,                       begun,    begun",
        "<call> 1 </call>,              complete, over",
        "<call>1</call>true,            wrong,    wrong",
        "<call>1</call> <call>2</call>, complete, wrong",
    })
    void aDocumentOrCalls(String text, String several, String one) {
        ResponseFormat format = ResponseFormat.jsonSchema(Map.of("type", "boolean"));
        assertThat(state(format.withCalls(CALL, true), text)).isEqualTo(several);
        assertThat(state(format.withCalls(CALL, false), text)).isEqualTo(one);
    }

    @Test
    void anOpeningThatBeginsAgainWithinItselfIsFound() {
        ResponseFormat call = ResponseFormat.jsonSchema(Map.of("const", 1)).between("aab", "");
        ResponseFormat format = ResponseFormat.text().withCalls(call, false);
        assertThat(state(format, "aaaaab")).isEqualTo("begun");
        assertThat(state(format, "aaaaab1")).isEqualTo("complete");
        assertThat(state(format, "aaaaab2")).isEqualTo("wrong");
    }

    @Test
    void aCallIsKnownByWhatStandsInFrontOfIt() {
        assertThatExceptionOfType(OptionException.class)
                .isThrownBy(() -> ResponseFormat.text().withCalls(ResponseFormat.jsonObject(), true))
                .withMessageContaining("by the first of which a call is known");
        assertThatExceptionOfType(OptionException.class)
                .isThrownBy(() -> ResponseFormat.text().between("a", ""))
                .withMessageContaining("any text stands between two texts");
        assertThat(state(ResponseFormat.text(), "any <call>")).isEqualTo("complete");
        assertThat(ResponseFormat.text().holds()).isFalse();
        assertThat(ResponseFormat.text().withCalls(CALL, true).holds()).isTrue();
    }

    /** In free text every token is allowed, special ones too; within a call none of these is. */
    @Test
    void specialTokensAreFreeInTextAlone() {
        try (Tokenizer tokenizer = Tokenizer.open(Path.of("src/test/resources/oracle/qwen2_5_vl/base/checkpoint"))) {
            LogitsProcessor held = new Constraints(tokenizer)
                    .of(ResponseFormat.text().withCalls(CALL, true))
                    .forAnswer(GenerationConfig.EMPTY, 1);
            int[] special = IntStream.range(0, tokenizer.size())
                    .filter(id -> tokenizer.bytes(id).length == 0)
                    .toArray();
            assertThat(special).isNotEmpty();
            assertThat(banned(held, tokenizer, "Well")).isZero();
            assertThat(banned(held, tokenizer, "Well <call>"))
                    .isGreaterThan(tokenizer.size() - 100)
                    .isLessThan(tokenizer.size());
        }
    }

    private static long banned(LogitsProcessor held, Tokenizer tokenizer, String answer) {
        int[] text = tokenizer.encode(answer, false);
        int[] ids = IntStream.concat(IntStream.of(0), IntStream.of(text)).toArray();
        float[] scores = new float[tokenizer.size()];
        held.process(ids, scores);
        return IntStream.range(0, scores.length)
                .filter(id -> scores[id] == Float.NEGATIVE_INFINITY)
                .count();
    }
}
