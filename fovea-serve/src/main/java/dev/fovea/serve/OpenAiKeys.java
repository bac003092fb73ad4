package dev.fovea.serve;

import java.util.List;

/** Keys of OpenAI's requests that say nothing about an answer here, or cannot be honoured. */
final class OpenAiKeys {
    private OpenAiKeys() {}

    /** Those of chats and completions. */
    static void check(Fields request) {
        request.withoutEffect("user", "metadata", "safety_identifier", "prompt_cache_key", "prompt_cache_retention");
        request.value("service_tier").ifPresent(tier -> {
            if (!tier.equals("auto") && !tier.equals("default")) {
                throw Problem.unsupported("service_tier", "service_tier is not auto; this server has no others");
            }
        });
        request.only("store", false, "nothing is stored");
        request.list("modalities").ifPresent(modalities -> {
            if (!modalities.equals(List.of("text"))) {
                throw Problem.unsupported("modalities", "modalities is not [\"text\"]; models here answer in text");
            }
        });
        request.refuse("models here answer in text", "audio");
        request.refuse(
                "there is no such model here", "reasoning_effort", "verbosity", "prediction", "web_search_options");
        request.refuse("give tools instead", "functions", "function_call");
    }
}
