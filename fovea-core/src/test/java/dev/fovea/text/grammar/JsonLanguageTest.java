package dev.fovea.text.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.io.Json;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Which documents a schema's automaton takes, against the verdicts of Python's jsonschema: src/test/python/json_schemas.py. */
class JsonLanguageTest {
    /** A schema and documents as the script wrote them. */
    record Case(int number, Map<String, Object> schema, List<String> valid, List<String> invalid) {
        @Override
        public String toString() {
            return number + ": " + schema;
        }
    }

    @SuppressWarnings("unchecked")
    static Stream<Case> cases() {
        Object all = Json.parse(Path.of("src/test/resources/grammar/schemas.json"));
        List<Map<String, Object>> list = (List<Map<String, Object>>) Objects.requireNonNull(all);
        return IntStream.range(0, list.size())
                .mapToObj(i -> new Case(
                        i,
                        (Map<String, Object>) list.get(i).get("schema"),
                        (List<String>) list.get(i).get("valid"),
                        (List<String>) list.get(i).get("invalid")));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void takesWhatIsValidAndNothingElse(Case one) {
        Automaton automaton = JsonLanguage.of(one.schema);
        assertThat(one.valid)
                .allSatisfy(text -> assertThat(takes(automaton, text)).isTrue());
        assertThat(one.invalid)
                .allSatisfy(text -> assertThat(takes(automaton, text)).isFalse());
    }

    static boolean takes(Automaton automaton, String text) {
        return Position.start(automaton)
                .after(automaton, text.getBytes(StandardCharsets.UTF_8))
                .isComplete(automaton);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theCheckOfAnswersAgreesWithTheRecordedVerdicts(Case one) {
        assertThat(one.valid)
                .allSatisfy(text -> assertThat(SchemaCheck.isValid(Json.parse(text, "a document"), one.schema))
                        .isTrue());
    }

    /** As JSON Schema has it: a reference is to a place within the nearest schema around it that has an {@code $id}. */
    @Test
    void aReferenceIsToAPlaceWithinTheNearestSchemaWithAnId() {
        Object schema = Json.parse("""
                {"$defs": {"a": {"const": 1}},
                 "prefixItems": [{"$ref": "#/$defs/a"},
                                 {"$id": "two", "$defs": {"a": {"anyOf": [{"const": 2}, {"$ref": "#/$defs/b"}]},
                                                          "b": {"type": "array", "items": {"$ref": "#"}},
                                                          "c": {"const": 3}},
                                  "$ref": "#/$defs/a"}],
                 "items": {"anyOf": [{"$ref": "#/prefixItems/1/$defs/a"}, {"$ref": "#/prefixItems/1/$defs/c"}]},
                 "type": "array", "minItems": 2, "maxItems": 3}""", "a schema");
        Automaton automaton = JsonLanguage.of(schema);
        for (String text : List.of("[1,2]", "[1,[]]", "[1,[2,[2,[]]]]", "[1,2,[2]]", "[1,2,3]")) {
            assertThat(isDocument(automaton, text)).as(text).isTrue();
        }
        for (String text : List.of("[1,1]", "[2,2]", "[1,[1]]", "[1,3]", "[1,2,1]")) {
            assertThat(isDocument(automaton, text)).as(text).isFalse();
        }
    }

    private static boolean isDocument(Automaton automaton, String text) {
        return Position.start(automaton)
                .after(automaton, text.getBytes(StandardCharsets.UTF_8))
                .isComplete(automaton);
    }
}
