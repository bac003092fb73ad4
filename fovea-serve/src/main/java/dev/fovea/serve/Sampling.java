package dev.fovea.serve;

import dev.fovea.Pipeline;
import dev.fovea.error.OptionException;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.ResponseFormat;
import dev.fovea.generate.SequenceBias;
import dev.fovea.io.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * How a request wants its answer made: OpenAI's options, and those of generate that vLLM's clients send under the same names.
 *
 * @param config for the model
 * @param stops texts that end an answer, and are not part of it
 * @param answers how many are asked for
 */
record Sampling(GenerationConfig config, List<String> stops, int answers) {
    private static final int MOST_ANSWERS = 16;
    private static final int MOST_STOPS = 16;
    private static final int MOST_STOP_CHARACTERS = 1024;
    private static final int MOST_SCHEMA_CHARACTERS = 1 << 18;
    private static final int MOST_GUESSES = 1024;
    static final int MOST_LOGPROBS = 20;

    /**
     * @param lengthKeys the keys that may say how many tokens an answer has at most, the newest first
     * @param most tokens that the server allows
     */
    static Sampling read(Fields request, Pipeline model, int most, String... lengthKeys) {
        List<String> stops = request.strings("stop", MOST_STOPS);
        if (stops.stream().anyMatch(stop -> stop.length() > MOST_STOP_CHARACTERS)) {
            throw Problem.of(
                    "stop",
                    "stop has a text of more than " + MOST_STOP_CHARACTERS
                            + " characters, which is this server's limit");
        }
        int answers = request.integer("n", 1, MOST_ANSWERS).orElse(1);
        GenerationConfig config = GenerationConfig.maxNewTokens(length(request, most, lengthKeys));
        if (!stops.isEmpty()) {
            config = config.withStopStrings(stops.toArray(String[]::new));
        }
        config = biased(request, model, form(request, guesses(request, model, beams(request, config))));
        config = chances(request, model, config, answers);
        return new Sampling(config, stops, answers);
    }

    private static int length(Fields request, int most, String... keys) {
        OptionalInt length = OptionalInt.empty();
        for (String key : keys) {
            OptionalInt given = request.integer(key, 1, most);
            if (length.isPresent() && given.isPresent() && given.getAsInt() != length.getAsInt()) {
                throw Problem.of(key, key + " and " + keys[0] + " differ; expected one of them");
            }
            length = length.isPresent() ? length : given;
        }
        return length.orElse(most);
    }

    private static GenerationConfig beams(Fields request, GenerationConfig config) {
        GenerationConfig with = config;
        OptionalInt beams = request.integer("num_beams", 1, 16);
        if (beams.isPresent()) {
            with = with.withNumBeams(beams.getAsInt());
        }
        OptionalDouble lengthPenalty = request.number("length_penalty", -10, 10);
        if (lengthPenalty.isPresent()) {
            with = with.withLengthPenalty(lengthPenalty.getAsDouble());
        }
        OptionalInt ngram = request.integer("no_repeat_ngram_size", 0, 1024);
        if (ngram.isPresent()) {
            with = with.withNoRepeatNgramSize(ngram.getAsInt());
        }
        OptionalInt min = request.integer("min_tokens", 0, config.maxNewTokens().orElseThrow());
        if (min.isPresent()) {
            with = with.with("min_new_tokens", min.getAsInt());
        }
        OptionalDouble repetition = request.number("repetition_penalty", 0.01, 100);
        return repetition.isPresent() ? with.withRepetitionPenalty(repetition.getAsDouble()) : with;
    }

    /** Changes no answer, only how fast it comes. */
    private static GenerationConfig guesses(Fields request, Pipeline model, GenerationConfig config) {
        OptionalInt tokens = request.integer("prompt_lookup_num_tokens", 1, MOST_GUESSES);
        OptionalInt ngram = request.integer("max_matching_ngram_size", 1, MOST_GUESSES);
        int beams = config.over(model.model().generationConfig()).numBeams();
        if (tokens.isPresent() && beams > 1) {
            throw Problem.of(
                    "prompt_lookup_num_tokens",
                    "prompt_lookup_num_tokens goes with answers without beams, and this one has " + beams
                            + "; set num_beams to 1, or leave the key out");
        }
        GenerationConfig with = tokens.isPresent() ? config.withPromptLookupNumTokens(tokens.getAsInt()) : config;
        return ngram.isPresent() ? with.withMaxMatchingNgramSize(ngram.getAsInt()) : with;
    }

    /** Penalties, and the form of the answer. */
    private static GenerationConfig form(Fields request, GenerationConfig config) {
        GenerationConfig with = config;
        OptionalDouble presence = request.number("presence_penalty", -2, 2);
        if (presence.isPresent()) {
            with = with.withPresencePenalty(presence.getAsDouble());
        }
        OptionalDouble frequency = request.number("frequency_penalty", -2, 2);
        if (frequency.isPresent()) {
            with = with.withFrequencyPenalty(frequency.getAsDouble());
        }
        Optional<Map<String, @Nullable Object>> format = request.map("response_format");
        if (format.isPresent()) {
            with = with.withResponseFormat(format(format.get()));
        }
        return with;
    }

    /** With how likely its tokens were, and so many others in the place of each. */
    Sampling telling(OptionalInt logprobs) {
        return logprobs.isEmpty() ? this : new Sampling(config.withLogprobs(logprobs.getAsInt()), stops, answers);
    }

    /** What a chat wants to be told of its tokens. */
    static OptionalInt logprobs(Fields request) {
        OptionalInt top = request.integer("top_logprobs", 0, MOST_LOGPROBS);
        if (request.flag("logprobs")) {
            return OptionalInt.of(top.orElse(0));
        }
        if (top.orElse(0) > 0) {
            throw Problem.of("top_logprobs", "top_logprobs is given without logprobs; set logprobs to true");
        }
        return OptionalInt.empty();
    }

    static ResponseFormat format(Map<String, @Nullable Object> json) {
        requireShort(json, "response_format");
        try {
            return ResponseFormat.of(json);
        } catch (OptionException e) {
            throw Problem.of("response_format", e.getMessage());
        }
    }

    /** Whoever sends a long schema has the server make automata for minutes. */
    static void requireShort(Object schema, String param) {
        if (Json.write(schema).length() > MOST_SCHEMA_CHARACTERS) {
            throw Problem.of(
                    param,
                    param + " has more than " + MOST_SCHEMA_CHARACTERS
                            + " characters as JSON, which is this server's limit");
        }
    }

    /** OpenAI's logit_bias is transformers' sequence_bias of single tokens. */
    private static GenerationConfig biased(Fields request, Pipeline model, GenerationConfig config) {
        List<SequenceBias> biases = new ArrayList<>();
        request.object("logit_bias").ifPresent(all -> {
            int tokens = model.processor().tokenizer().size();
            for (String key : all.keys()) {
                if (!key.matches("\\d{1,9}") || Integer.parseInt(key) >= tokens) {
                    throw Problem.of(all.path(key), all.path(key) + " is no token; expected an id below " + tokens);
                }
                biases.add(new SequenceBias(
                        List.of(Integer.parseInt(key)),
                        all.number(key, -100, 100).orElse(0)));
            }
        });
        return biases.isEmpty() ? config : config.withSequenceBias(biases);
    }

    /** Whether tokens are drawn, and from which: the request's options, and the model's own where it has none. */
    private static GenerationConfig chances(Fields request, Pipeline model, GenerationConfig config, int answers) {
        OptionalDouble temperature = request.number("temperature", 0, 2);
        OptionalDouble topP = request.number("top_p", 1e-6, 1);
        OptionalDouble minP = request.number("min_p", 0, 1);
        OptionalInt topK = request.integer("top_k", -1, Integer.MAX_VALUE);
        GenerationConfig with = config;
        boolean draws = temperature.isPresent()
                ? temperature.getAsDouble() > 0
                : topP.isPresent()
                        || minP.isPresent()
                        || model.model().generationConfig().doSample();
        if (!draws) {
            if (answers > 1 && with.numBeams() == 1) {
                throw Problem.of(
                        "n", "n is " + answers + ", and without chance all answers are the same; give a temperature");
            }
            request.anyInteger("seed"); // without chance every answer is that of any seed
            return numbered(with.withDoSample(false), answers);
        }
        with = with.withDoSample(true);
        with = temperature.isPresent() ? with.withTemperature(temperature.getAsDouble()) : with;
        with = topP.isPresent() ? with.withTopP(topP.getAsDouble()) : with;
        with = minP.isPresent() ? with.withMinP(minP.getAsDouble()) : with;
        if (topK.isPresent()) {
            with = with.withTopK(Math.max(0, topK.getAsInt()));
        } else if (!model.model().generationConfig().isGiven("top_k")) {
            with = with.withTopK(0); // transformers' default of 50 is none of OpenAI's
        }
        Long seed = request.anyInteger("seed").orElse(null);
        return numbered(seed == null ? with : with.withSeed(seed), answers);
    }

    private static GenerationConfig numbered(GenerationConfig config, int answers) {
        return answers == 1 ? config : config.withNumReturnSequences(answers);
    }
}
