package dev.fovea;

import static dev.fovea.Message.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.OptionException;
import dev.fovea.generate.FinishReason;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.ResponseFormat;
import dev.fovea.io.Json;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Answers in a form, by models that would write anything: their weights are random. */
class ResponseFormatTest {
    private static final String SCHEMA = """
            {"type": "object", "properties": {
                "colour": {"enum": ["red", "green", "blue"]},
                "count": {"type": "integer", "minimum": 1, "maximum": 12},
                "box": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 999}, "minItems": 4, "maxItems": 4},
                "sure": {"type": ["boolean", "null"]}},
              "required": ["colour", "count", "box", "sure"]}""";

    private static Pipeline pipe;

    @BeforeAll
    static void open() throws URISyntaxException {
        pipe = Pipeline.imageTextToText(Path.of(ResponseFormatTest.class
                .getResource("/oracle/qwen2_5_vl/base/checkpoint")
                .toURI()));
    }

    @AfterAll
    static void close() {
        pipe.close();
    }

    private static Request request(String question, GenerationConfig config) {
        return Request.of(List.of(user(question)), config.withMaxNewTokens(200)).withJsonSchema(SCHEMA);
    }

    private static void check(Answer.Candidate answer) {
        assertThat(answer.finishReason()).isEqualTo(FinishReason.STOP);
        Map<String, ?> found = Json.object(Json.parse(answer.text(), "the answer"), "the answer");
        assertThat(found.keySet()).containsExactly("colour", "count", "box", "sure");
        assertThat(found.get("colour")).isIn("red", "green", "blue");
        assertThat((Long) found.get("count")).isBetween(1L, 12L);
        assertThat((List<?>) found.get("box"))
                .hasSize(4)
                .allSatisfy(n -> assertThat((Long) n).isBetween(0L, 999L));
        assertThat(found.get("sure")).isIn(true, false, null);
    }

    @Test
    void greedySampledSeveralAndBeamsAllHoldTheSchema() {
        GenerationConfig plain = GenerationConfig.EMPTY.withDoSample(false);
        check(pipe.answer(request("What?", plain)).sequences().getFirst());
        Answer sampled = pipe.answer(request(
                "What?",
                GenerationConfig.EMPTY
                        .withDoSample(true)
                        .withTopK(0)
                        .withTemperature(3)
                        .withSeed(5)
                        .withNumReturnSequences(4)));
        sampled.sequences().forEach(ResponseFormatTest::check);
        assertThat(sampled.sequences().stream().map(Answer.Candidate::text)).doesNotHaveDuplicates();
        Answer beams = pipe.answer(request("What?", plain.withNumBeams(3).withNumReturnSequences(3)));
        beams.sequences().forEach(ResponseFormatTest::check);
    }

    @Test
    void aBatchOfSeveralFormsAnswersEachAsAlone() {
        GenerationConfig plain =
                GenerationConfig.EMPTY.withDoSample(false).withMaxNewTokens(40).withNoRepeatNgramSize(12);
        List<Request> requests = List.of(
                request("One?", plain),
                Request.of(List.of(user("Two?")), plain),
                request("A much longer question than the first?", plain),
                Request.of(List.of(user("Three?")), plain.withResponseFormat(ResponseFormat.jsonObject())));
        List<Answer> together = pipe.answer(requests, GenerateOptions.DEFAULT);
        for (int i = 0; i < requests.size(); i++) {
            assertThat(together.get(i).text())
                    .isEqualTo(pipe.answer(requests.get(i)).text());
        }
        check(together.getFirst().sequences().getFirst());
        assertThat(together.get(3).text()).startsWith("{");
    }

    @Test
    void beamsThatAreMoreThanTheDocumentsEndAsFarAsThereAreSome() {
        Request request = Request.of(
                        List.of(user("Yes?")),
                        GenerationConfig.maxNewTokens(20).withDoSample(false).withNumBeams(4))
                .withJsonSchema("{\"type\": \"boolean\"}");
        assertThat(pipe.answer(request).text()).isIn("true", "false");
    }

    @Test
    void anAnswerThatIsCutOffEndsByLength() {
        Answer answer = pipe.answer(request("What?", GenerationConfig.EMPTY.withDoSample(false))
                .withGenerate(GenerationConfig.maxNewTokens(3).withResponseFormat(ResponseFormat.jsonObject())));
        assertThat(answer.sequences().getFirst().finishReason()).isEqualTo(FinishReason.LENGTH);
    }

    @Test
    void aNumberMayGoOnUntilTheModelEndsIt() {
        Set<FinishReason> reasons = new java.util.HashSet<>();
        for (int seed = 0; seed < 8; seed++) {
            Answer.Candidate answer = pipe.answer(Request.of(
                                    List.of(user("How many?")),
                                    GenerationConfig.maxNewTokens(6)
                                            .withDoSample(true)
                                            .withTopK(0)
                                            .withTemperature(4)
                                            .withSeed(seed))
                            .withJsonSchema("{\"type\": \"integer\"}"))
                    .sequences()
                    .getFirst();
            reasons.add(answer.finishReason());
            assertThat(answer.text()).matches("-|-?(0|[1-9]\\d*)");
        }
        assertThat(reasons).contains(FinishReason.STOP);
    }

    @Test
    void aModelAloneSaysWhatItLacks() {
        var inputs = pipe.inputs(request("What?", GenerationConfig.EMPTY));
        GenerationConfig config =
                GenerationConfig.maxNewTokens(4).withDoSample(false).withResponseFormat(ResponseFormat.jsonObject());
        assertThatExceptionOfType(OptionException.class)
                .isThrownBy(() -> pipe.model().generate(inputs, config))
                .withMessageContaining("response_format needs a tokenizer");
        var options = GenerateOptions.DEFAULT.withConstraint(pipe.processor().constraint(ResponseFormat.jsonObject()));
        int[] ids = pipe.model().generate(inputs, config, options).trimmed().getFirst();
        assertThat(pipe.processor().decode(ids, true)).startsWith("{");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'not': {}}|at #: the keyword not is not supported",
                "{'properties': {'a': {'type': 'strin'}}}|at #/properties/a: it has the type strin",
                "{'anyOf': [{'uniqueItems': true}]}|at #/anyOf/0: the keyword uniqueItems is not supported",
                "{'type': 'string', 'pattern': '(?=a)'}|a group that begins with (?",
                "{'type': 'string', 'pattern': '['}|ends too early",
                "{'type': 'string', 'format': 'dat'}|the format dat is not supported",
                "{'$ref': '#/$defs/x'}|names nothing",
                "{'$ref': 'https://example.org/s'}|expected a place within it",
                "{'$ref': '#'}|allows no document",
                "{'type': 'object', 'properties': {'a': {'$ref': '#'}}, 'required': ['a']}|allows no document",
                "{'type': 'integer', 'minimum': 5, 'maximum': 4}|allows no document",
                "{'type': 'string', 'minLength': -1}|a minLength of -1",
                "{'type': 'string', 'minLength': 9000, 'maxLength': 10000}|more than 10000 states",
                "{'type': 'number', 'multipleOf': 0.5}|a multipleOf of 0.5",
                "{'nullable': true}|the keyword nullable is not supported",
                "{'type': 'array', 'items': [{}]}|at #/items: it is an array",
                "{'enum': 3}|it has, as enum, the number 3"
            })
    void whatASchemaHasBeyondItIsRefusedByName(String schema, String message) {
        Request request = Request.of(List.of(user("What?")), GenerationConfig.maxNewTokens(4))
                .withJsonSchema(schema.replace('\'', '"'));
        assertThatExceptionOfType(OptionException.class)
                .isThrownBy(() -> pipe.answer(request))
                .withMessageContaining(message);
    }

    @Test
    void theRequestOfOpenAiIsRead() {
        Map<String, Object> json = Map.of(
                "text",
                "x",
                "generate",
                Map.of(
                        "max_new_tokens",
                        50,
                        "do_sample",
                        false,
                        "response_format",
                        Map.of(
                                "type",
                                "json_schema",
                                "json_schema",
                                Map.of("name", "n", "strict", true, "schema", Map.of("const", "yes")))));
        Request request = Request.parse(json, Path.of("."));
        assertThat(Json.parse(pipe.answer(request).text(), "the answer")).isEqualTo("yes");
        assertThat(GenerationConfig.of(request.generate().toMap(), "again")).isEqualTo(request.generate());
        assertThatExceptionOfType(OptionException.class)
                .isThrownBy(() -> ResponseFormat.of(Map.of("type", "xml")))
                .withMessageContaining("expected text, json_object or json_schema");
    }
}
