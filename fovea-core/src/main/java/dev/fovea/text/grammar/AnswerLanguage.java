package dev.fovea.text.grammar;

import dev.fovea.generate.ResponseFormat;
import java.nio.charset.StandardCharsets;
import java.util.stream.IntStream;

/** The answers that a {@link ResponseFormat} allows: a document, one between two texts, or calls beside it or in any text. */
final class AnswerLanguage {
    private final JsonLanguage documents = new JsonLanguage();
    private final Network answer = new Network();

    private AnswerLanguage() {}

    /** @throws dev.fovea.error.OptionException where a schema has something that is not supported, or allows nothing */
    static Automaton of(ResponseFormat format) {
        AnswerLanguage language = new AnswerLanguage();
        if (format.type() == ResponseFormat.Type.TEXT) {
            format.calls().ifPresentOrElse(language::textWithCalls, language::text);
        } else {
            language.document(format);
            format.calls().ifPresent(language::callsAlone);
        }
        boolean hasSchema = format.type() == ResponseFormat.Type.JSON_SCHEMA;
        return language.documents.automaton(language.answer, hasSchema ? "the JSON schema" : "JSON");
    }

    private void document(ResponseFormat format) {
        int document = answer.call(answer.literal(answer.start, format.before()), rule(format));
        answer.empty(answer.literal(document, format.after()), answer.end);
    }

    private int rule(ResponseFormat format) {
        return format.schema().map(documents::document).orElseGet(documents::object);
    }

    private void callsAlone(ResponseFormat.Calls calls) {
        int behind = call(answer.literal(answer.start, calls.opening()), calls);
        answer.empty(behind, answer.end);
        if (calls.several()) {
            int again = answer.literal(answer.space(behind), calls.opening());
            answer.empty(call(again, calls), behind);
        }
    }

    /** What follows the opening of a call. */
    private int call(int from, ResponseFormat.Calls calls) {
        int document = answer.call(answer.space(from), rule(calls.form()));
        return answer.literal(answer.space(document), calls.closing());
    }

    private void text() {
        answer.bytes(answer.start, 0, 255, answer.start);
        answer.empty(answer.start, answer.end);
    }

    /** One state for each number of bytes of the opening that the text ends with; the last byte of it begins a call. */
    private void textWithCalls(ResponseFormat.Calls calls) {
        byte[] opening = calls.opening().getBytes(StandardCharsets.UTF_8);
        int[] states =
                IntStream.range(0, opening.length).map(_ -> answer.state()).toArray();
        int opened = answer.state();
        answer.empty(answer.start, states[0]);
        for (int matched = 0; matched < opening.length; matched++) {
            answer.empty(states[matched], answer.end);
            for (int b = 0; b < 256; b++) {
                int longer = matched(opening, matched, (byte) b);
                answer.bytes(states[matched], b, b, longer == opening.length ? opened : states[longer]);
            }
        }
        answer.empty(call(opened, calls), calls.several() ? states[0] : answer.end);
    }

    /** How many bytes of the opening a text ends with that ended with some of them before one more byte. */
    private static int matched(byte[] opening, int before, byte next) {
        for (int length = before + 1; length > 0; length--) {
            boolean ends = opening[length - 1] == next;
            for (int i = 0; ends && i < length - 1; i++) {
                ends = opening[i] == opening[before - length + 1 + i];
            }
            if (ends) {
                return length;
            }
        }
        return 0;
    }
}
