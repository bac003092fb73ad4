package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.io.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Any JSON is a request, or refused with a reason. */
class RequestFuzzTest {
    private static final String[] KEYS = """
            id messages text images videos processor generate loader resampler class_rows answer_ids role
            content type image video url min_pixels sample_fps resized_height max_new_tokens stop_strings early_stopping
            eos_token_id bad_words_ids sequence_bias""".split("\\s+");
    private static final String[] TEXTS = """
            user text image video load_image pil qwen_vl_utils a.png data:image/png;base64,AAAA
            https://example.org/a.png file:///a.png never""".split("\\s+");

    @FuzzTest(maxDuration = "60s")
    void anyText(FuzzedDataProvider data) {
        String text = data.consumeRemainingAsString();
        parse(text);
    }

    /** Built from the words of requests, since random text is hardly ever JSON. */
    @FuzzTest(maxDuration = "60s")
    void anyObject(FuzzedDataProvider data) {
        parse(Json.write(object(data, 0)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"id\": {\"a\": [1]}, \"text\": \"x\", \"images\": null, \"generate\": null}",
                "{\"text\": \"x\", \"images\": [3]}",
                "{\"text\": \"x\", \"videos\": [[]]}",
                "{\"text\": \"x\", \"videos\": [3, \"a.mp4\", [\"a.png\", null]]}",
                "{\"messages\": [[]]}",
                "{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image\", \"image\": \"data:\"}]}], \"images\": [\"\\u0000\"]}",
                "{\"text\": \"x\", \"answer_ids\": [1e99]}",
                "{\"text\": \"x\", \"images\": [\"http://[\"]}",
                "{\"text\": \"x\", \"generate\": {\"eos_token_id\": [[1]]}}",
                "[]",
                "3",
                "{",
                ""
            })
    void oddRequests(String json) {
        parse(json);
    }

    private static void parse(String text) {
        try {
            Request.parse(Json.object(Json.parse(text, "the request"), "the request"), Path.of(""));
        } catch (InputException | OptionException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    private static Map<String, @Nullable Object> object(FuzzedDataProvider data, int depth) {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        for (int n = data.consumeInt(0, 4); n > 0; n--) {
            object.put(data.pickValue(KEYS), value(data, depth + 1));
        }
        return object;
    }

    private static @Nullable Object value(FuzzedDataProvider data, int depth) {
        return switch (data.consumeInt(0, depth > 5 ? 5 : 7)) {
            case 0 -> null;
            case 1 -> data.consumeBoolean();
            case 2 -> data.consumeLong();
            case 3 -> data.consumeRegularDouble();
            case 4 -> data.pickValue(TEXTS);
            case 5 -> data.consumeString(8);
            case 6 -> object(data, depth);
            default -> {
                List<@Nullable Object> list = new ArrayList<>();
                for (int n = data.consumeInt(0, 3); n > 0; n--) {
                    list.add(value(data, depth + 1));
                }
                yield list;
            }
        };
    }
}
