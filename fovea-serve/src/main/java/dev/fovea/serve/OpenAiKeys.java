package dev.fovea.serve;

import java.util.List;
import java.util.Set;

/** Keys of OpenAI's requests that say nothing about an answer here, or cannot be honoured but at the value that changes nothing. */
final class OpenAiKeys {
    private static final String NO_SUCH_MODEL = "there is no such model here";
    private static final String NOTHING_STORED = "nothing is stored";

    /** What a response may include of things that never come here; so that nothing is left out. */
    private static final Set<String> NEVER_THERE = Set.of(
            "reasoning.encrypted_content",
            "file_search_call.results",
            "web_search_call.results",
            "web_search_call.action.sources",
            "code_interpreter_call.outputs",
            "computer_call_output.output.image_url");

    private OpenAiKeys() {}

    /** Those of chats and completions. */
    static void check(Fields request) {
        ofAll(request);
        request.only("modalities", List.of("text"), "models here answer in text");
        request.refuse("models here answer in text", "audio");
        request.only("verbosity", "medium", NO_SUCH_MODEL);
        request.refuse(NO_SUCH_MODEL, "reasoning_effort", "prediction", "web_search_options");
        request.only("functions", List.of(), "give tools instead");
        request.only("function_call", "none", "give tools instead");
    }

    /** Those of responses. */
    static void checkResponse(Fields request) {
        ofAll(request);
        request.only("background", false, NOTHING_STORED);
        request.only("truncation", "disabled", "a conversation that is too long is refused");
        request.refuse(
                "nothing is stored; send the whole conversation", "previous_response_id", "conversation", "prompt");
        request.only("n", 1L, "a response is one");
        request.only("logprobs", false, "chats have them");
        request.only("top_logprobs", 0L, "chats have them");
        request.refuse("responses have it as text.format", "response_format");
        request.integer("max_tool_calls", 1, Integer.MAX_VALUE); // of OpenAI's own tools, which are not here
        for (String included : request.strings("include", Integer.MAX_VALUE)) {
            if (!NEVER_THERE.contains(included)) {
                throw Problem.unsupported("include", "include has what responses of this server do not know");
            }
        }
        request.object("reasoning").ifPresent(reasoning -> {
            reasoning.refuse(NO_SUCH_MODEL, "effort", "summary", "generate_summary");
            reasoning.done();
        });
        request.object("stream_options").ifPresent(options -> {
            options.withoutEffect("include_obfuscation");
            options.done();
        });
    }

    /** About the client, its bill and what is kept of it. */
    private static void ofAll(Fields request) {
        request.withoutEffect("user", "metadata", "safety_identifier", "prompt_cache_key", "prompt_cache_retention");
        request.oneOf("service_tier", "auto", "default");
        request.only("store", false, NOTHING_STORED);
    }
}
