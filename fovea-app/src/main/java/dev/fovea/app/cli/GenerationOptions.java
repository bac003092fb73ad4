package dev.fovea.app.cli;

import dev.fovea.generate.ResponseFormat;
import dev.fovea.io.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How an answer is generated; the names are transformers'. What is not given comes from the model directory. */
final class GenerationOptions {
    @Option(names = "--max-new-tokens", paramLabel = "N", description = "Length of an answer at most.")
    Optional<Integer> maxNewTokens = Optional.empty();

    @Option(names = "--min-new-tokens", paramLabel = "N", description = "Length of an answer at least.")
    Optional<Integer> minNewTokens = Optional.empty();

    @Option(names = "--max-length", paramLabel = "N", description = "Length of prompt and answer at most.")
    Optional<Integer> maxLength = Optional.empty();

    @Option(names = "--do-sample", negatable = true, description = "Sample instead of taking the likeliest tokens.")
    Optional<Boolean> doSample = Optional.empty();

    @Option(names = "--temperature", paramLabel = "X", description = "Sampling: above 1 is wilder, below 1 tamer.")
    Optional<Double> temperature = Optional.empty();

    @Option(names = "--top-k", paramLabel = "N", description = "Sampling: from the N likeliest tokens; 0 for all.")
    Optional<Integer> topK = Optional.empty();

    @Option(names = "--top-p", paramLabel = "X", description = "Sampling: from the likeliest tokens that make up X.")
    Optional<Double> topP = Optional.empty();

    @Option(
            names = "--min-p",
            paramLabel = "X",
            description = "Sampling: from tokens at least X as likely as the best.")
    Optional<Double> minP = Optional.empty();

    @Option(names = "--seed", paramLabel = "N", description = "Sampling: the same seed gives the same answer.")
    Optional<Long> seed = Optional.empty();

    @Option(names = "--num-beams", paramLabel = "N", description = "Beam search with N beams.")
    Optional<Integer> numBeams = Optional.empty();

    @Option(names = "--num-return-sequences", paramLabel = "N", description = "Answers to one request.")
    Optional<Integer> numReturnSequences = Optional.empty();

    @Option(names = "--length-penalty", paramLabel = "X", description = "Beams: above 0 favours long answers.")
    Optional<Double> lengthPenalty = Optional.empty();

    @Option(names = "--early-stopping", paramLabel = "true|false|never", description = "Beams: when the search ends.")
    Optional<String> earlyStopping = Optional.empty();

    @Option(names = "--repetition-penalty", paramLabel = "X", description = "Above 1 avoids what was said before.")
    Optional<Double> repetitionPenalty = Optional.empty();

    @Option(names = "--no-repeat-ngram-size", paramLabel = "N", description = "No N tokens come twice in a row.")
    Optional<Integer> noRepeatNgramSize = Optional.empty();

    @Option(
            names = "--prompt-lookup-num-tokens",
            paramLabel = "N",
            description = "Guess N tokens at once from what stood before; the answer is the same.")
    Optional<Integer> promptLookupNumTokens = Optional.empty();

    @Option(
            names = "--max-matching-ngram-size",
            paramLabel = "N",
            description = "Guess by the last N tokens, or fewer (2).")
    Optional<Integer> maxMatchingNgramSize = Optional.empty();

    @Option(names = "--stop", paramLabel = "TEXT", description = "A text that ends the answer; repeatable.")
    List<String> stop = List.of();

    @Option(names = "--frequency-penalty", paramLabel = "X", description = "Above 0 avoids what the answer says often.")
    Optional<Double> frequencyPenalty = Optional.empty();

    @Option(names = "--presence-penalty", paramLabel = "X", description = "Above 0 avoids what the answer has said.")
    Optional<Double> presencePenalty = Optional.empty();

    @Option(names = "--json-schema", paramLabel = "FILE", description = "The answer is a document of this JSON schema.")
    Optional<String> jsonSchema = Optional.empty();

    @Option(
            names = "--logprobs",
            paramLabel = "N",
            description = "Log probabilities of tokens and of the N likeliest, in --format json.")
    Optional<Integer> logprobs = Optional.empty();

    @Option(
            names = "--generate",
            paramLabel = "KEY=VALUE",
            description = "Any other option of transformers' generate; repeatable.")
    Map<String, String> others = new LinkedHashMap<>();

    /** The keyword arguments of generate; reads the schema's file. */
    Map<String, @Nullable Object> toMap(Console console) {
        return new Values()
                .putAll("--generate", others)
                .put("max_new_tokens", maxNewTokens)
                .put("min_new_tokens", minNewTokens)
                .put("max_length", maxLength)
                .put("do_sample", doSample)
                .put("temperature", temperature)
                .put("top_k", topK)
                .put("top_p", topP)
                .put("min_p", minP)
                .put("seed", seed)
                .put("num_beams", numBeams)
                .put("num_return_sequences", numReturnSequences)
                .put("length_penalty", lengthPenalty)
                .put("early_stopping", earlyStopping.map(Values::parse))
                .put("repetition_penalty", repetitionPenalty)
                .put("no_repeat_ngram_size", noRepeatNgramSize)
                .put("prompt_lookup_num_tokens", promptLookupNumTokens)
                .put("max_matching_ngram_size", maxMatchingNgramSize)
                .put("frequency_penalty", frequencyPenalty)
                .put("presence_penalty", presencePenalty)
                .put("logprobs", logprobs)
                .put("response_format", jsonSchema.map(file -> schema(file, console)))
                .put("stop_strings", Optional.of(stop).filter(s -> !s.isEmpty()))
                .toMap();
    }

    private static Map<String, Object> schema(String file, Console console) {
        return ResponseFormat.jsonSchema(Json.object(InputOptions.parsed(file, console), file))
                .toMap();
    }
}
