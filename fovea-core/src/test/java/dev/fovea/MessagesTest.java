package dev.fovea;

import static dev.fovea.Content.text;
import static dev.fovea.Message.assistant;
import static dev.fovea.Message.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Warnings;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.io.Json;
import dev.fovea.models.Inputs;
import dev.fovea.text.ChatTemplateOptions;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a conversation may hold, and what becomes of it in a pipeline. */
class MessagesTest {
    private static final GenerationConfig SHORT =
            GenerationConfig.maxNewTokens(3).withDoSample(false);
    private static final String CHECKPOINT =
            resource("/oracle/qwen2_5_vl/base/checkpoint").toString();
    private static final List<String> WARNED = new ArrayList<>();
    private static Pipeline pipe;

    @BeforeAll
    static void open() {
        pipe = Pipeline.of(
                "image-text-to-text", CHECKPOINT, LoadOptions.DEFAULT.withWarnings(Warnings.to(WARNED::add)));
    }

    @AfterAll
    static void close() {
        pipe.close();
    }

    private static Path resource(String name) {
        try {
            return Path.of(
                    Objects.requireNonNull(MessagesTest.class.getResource(name)).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Request request(String json) {
        return Request.parse(Json.object(Json.parse(json.replace('\'', '"'), "test"), "test"), resource("/"));
    }

    private static String prompt(String json) {
        return pipe.inputs(request(json)).rows().getFirst().prompt();
    }

    @Test
    void aPipelineGoesOnWithTheAssistantsTurn() {
        List<Message> messages = List.of(user("Name a colour."), assistant("The colour "));
        Answer answer = pipe.generate(messages, SHORT);
        assertThat(answer.prompt()).endsWith("<|im_start|>assistant\nThe colour ");
        assertThat(answer.generatedText()).hasSize(2);
        assertThat(answer.generatedText().getLast().text()).isEqualTo("The colour " + answer.text());
        Answer own = pipe.answer(
                Request.of(messages, SHORT).withChat(ChatTemplateOptions.DEFAULT.withContinueFinalMessage(false)));
        assertThat(own.prompt()).endsWith("The colour <|im_end|>\n<|im_start|>assistant\n");
        assertThat(own.generatedText()).hasSize(3);
        assertThat(pipe.processor().applyChatTemplate(messages)).isEqualTo(own.prompt());
    }

    @Test
    void anyTurnCanBeContinuedInARequest() {
        String messages = "'messages': [{'role': 'user', 'content': [{'type': 'text', 'text': 'I am '}]}]";
        assertThat(prompt("{" + messages + ", 'continue_final_message': true}")).endsWith("<|im_start|>user\nI am ");
        assertThatThrownBy(() ->
                        prompt("{" + messages + ", 'continue_final_message': true, 'add_generation_prompt': true}"))
                .isInstanceOf(OptionException.class)
                .hasMessageContaining("continue_final_message and add_generation_prompt");
        assertThatThrownBy(() -> request("{" + messages + ", 'continue_final_message': 3}"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("continue_final_message");
    }

    @Test
    void theTemplateSeesAllKeysInTheirOrder() {
        String template = "{{ messages | tojson }}{{ tools | tojson }}{{ mood }}";
        String request = "{'messages': [{'name': 'Ann', 'role': 'user', 'content': [{'cache': 1, 'type': 'text',"
                + " 'text': 'a'}], 'note': null}, {'role': 'assistant', 'content': null, 'tool_calls': [{'id': 7}]}],"
                + " 'tools': [{'name': 't'}], 'chat_template_kwargs': {'mood': 'good'}, 'chat_template': '" + template
                + "', 'continue_final_message': false}";
        assertThat(prompt(request))
                .isEqualTo(("[{'name': 'Ann', 'role': 'user', 'content': [{'cache': 1, 'type': 'text', 'text': 'a'}]},"
                                + " {'role': 'assistant', 'tool_calls': [{'id': 7}], 'content': []}][{'name': 't'}]good")
                        .replace('\'', '"'));
    }

    @Test
    void foreignKeysOfAPictureAreLeftAlone() {
        String item = "{'type': 'image', 'url': 'assets/images/made/png_ltrns.png', 'detail': 'low', 'uuid': 'x'";
        WARNED.clear();
        String prompt = prompt("{'messages': [{'role': 'user', 'content': [" + item + "}]}]}");
        assertThat(prompt).contains("<|image_pad|>");
        assertThat(WARNED).isEmpty();
        prompt("{'messages': [{'role': 'user', 'content': [" + item + ", 'resized_heigth': 56}]}]}");
        assertThat(WARNED)
                .singleElement()
                .asString()
                .contains("resized_heigth")
                .contains("resized_height is an option");
        assertThatThrownBy(() ->
                        request("{'messages': [{'role': 'user', 'content': [" + item + ", 'path': 'other.png'}]}]}"))
                .hasMessageContaining("url and path");
    }

    @Test
    void namesThatNameNothingAreNone() {
        String nulls = "{'type': 'text', 'text': 'a', 'image': null}, {'type': 'image', 'text': null, 'image':"
                + " 'assets/images/made/png_ltrns.png'}";
        assertThat(prompt("{'messages': [{'role': 'user', 'content': [" + nulls + "]}]}"))
                .contains("a<|vision_start|><|image_pad|><|vision_end|><|im_end|>");
        assertThatThrownBy(() -> request("{'messages': [{'role': 'user', 'content': null}]}"))
                .hasMessageContaining("has no content");
    }

    @Test
    void controlTokensOfAUserAreText() {
        Request plain = Request.of(List.of(user(text("a<|im_end|>b"))));
        Request sanitized = plain.withChat(ChatTemplateOptions.DEFAULT.withSanitizeControlTokens(true));
        int end = pipe.processor().tokenizer().id("<|im_end|>").orElseThrow();
        assertThat(pipe.inputs(plain).rows().getFirst().inputIds()).containsSequence(end);
        assertThat(pipe.inputs(sanitized).rows().getFirst().prompt())
                .isEqualTo(pipe.inputs(plain).rows().getFirst().prompt());
        assertThat(count(end, pipe.inputs(sanitized))).isEqualTo(count(end, pipe.inputs(plain)) - 1);
        assertThatThrownBy(() -> pipe.processor().applyChatTemplate(plain.messages(), sanitized.chat()))
                .isInstanceOf(OptionException.class);
    }

    @Test
    void aRawPromptGoesThroughNoTemplate() {
        assertThatThrownBy(() -> prompt("{'text': 'a', 'sanitize_control_tokens': true}"))
                .isInstanceOf(OptionException.class)
                .hasMessageContaining("raw prompt");
        assertThatThrownBy(() -> pipe.answer(request("{'text': ''}")))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("the prompt is empty");
        assertThatThrownBy(() -> request(
                        "{'messages': [{'role': 'user', 'content': 'a'}], 'chat_template_kwargs': {'tools': []}}"))
                .isInstanceOf(OptionException.class)
                .hasMessageContaining("tools");
    }

    @Test
    void aRawPromptGetsTheTokensOfItsTokenizerToo() {
        Processor gemma = AutoProcessor.fromPretrained(
                resource("/oracle/gemma3/base/checkpoint").toString());
        int bos = gemma.tokenizer().id("<bos>").orElseThrow();
        assertThat(gemma.process("<bos>Hi", List.of()).rows().getFirst().inputIds())
                .startsWith(bos, bos);
        assertThat(count(bos, gemma.applyChatTemplateAndTokenize(List.of(user("Hi")))))
                .isEqualTo(1);
        assertThat(count(bos, gemma.process(Optional.of("<bos>Hi"), List.of(), Map.of("add_special_tokens", false))))
                .isEqualTo(1);
    }

    private static long count(int id, Inputs inputs) {
        return Arrays.stream(inputs.rows().getFirst().inputIds())
                .filter(i -> i == id)
                .count();
    }
}
