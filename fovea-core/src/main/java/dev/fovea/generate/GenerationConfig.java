package dev.fovea.generate;

import dev.fovea.error.OptionException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How to generate, in the words of transformers' GenerationConfig. Immutable.
 *
 * <pre>{@code
 * GenerationConfig.maxNewTokens(128).withNumBeams(3).withLengthPenalty(0.8)
 * }</pre>
 *
 * <p>Only what was given is stored; an accessor returns transformers' default for what was not. {@link #resolve} lays a call's
 * config over that of the model directory.
 *
 * @param values option by its key in snake_case; {@code Optional.empty()} where a call sets an option of the directory back to
 *     nothing (null in JSON)
 */
public record GenerationConfig(Map<String, Object> values) {
    private static final Object OFF = Optional.empty();

    /** A value of a file that nothing can be done with, which matters only once it is to be used. */
    private record Unusable(Object value, String problem) {}

    /** Nothing given. */
    public static final GenerationConfig EMPTY = new GenerationConfig(Map.of());

    private static final Set<String> SAMPLING_ONLY = Set.of(
            "temperature", "top_h", "top_k", "top_p", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff", "seed");
    private static final Set<String> BEAMS_ONLY = Set.of("early_stopping", "length_penalty");
    private static final Set<String> LOOKUP = Set.of("prompt_lookup_num_tokens", "max_matching_ngram_size");

    /** @throws OptionException where a key is unknown or a value out of its range */
    public GenerationConfig {
        Map<String, Object> read = new LinkedHashMap<>();
        values.forEach((key, value) -> read.put(key, isNoValue(value) ? value : ConfigKeys.read(key, value)));
        values = Collections.unmodifiableMap(read);
    }

    private static boolean isNoValue(Object value) {
        return OFF.equals(value) || value instanceof Unusable;
    }

    /** A config that limits the number of generated tokens and leaves the rest as it is. */
    public static GenerationConfig maxNewTokens(int n) {
        return EMPTY.withMaxNewTokens(n);
    }

    /**
     * The {@code generate} object of a request. Null switches off what the directory asks for.
     *
     * @param where named in error messages
     * @throws OptionException where a key is unknown, unsupported, or its value is out of range
     */
    public static GenerationConfig of(Map<String, ? extends @Nullable Object> json, String where) {
        return of(json, where, Set.of());
    }

    /**
     * The {@code generate} object of a request to a model that takes arguments of its own there, as BLIP-2 takes
     * {@code interpolate_pos_encoding}.
     *
     * @param modelArguments keys that are left to the model
     */
    public static GenerationConfig of(
            Map<String, ? extends @Nullable Object> json, String where, Set<String> modelArguments) {
        Objects.requireNonNull(json, "json");
        Objects.requireNonNull(where, "where");
        Objects.requireNonNull(modelArguments, "modelArguments");
        Map<String, @Nullable Object> own = new LinkedHashMap<>(json);
        own.keySet().removeAll(modelArguments);
        for (String key : own.keySet()) {
            if (!ConfigKeys.isKnown(key)) {
                throw ConfigKeys.unknown(key, where);
            }
        }
        GenerationConfig given = known(own, where);
        Map<String, Object> withNulls = new LinkedHashMap<>(given.values);
        own.forEach((key, value) -> {
            if (value == null && ConfigKeys.isOption(key)) {
                withNulls.put(key, OFF);
            }
        });
        return new GenerationConfig(withNulls);
    }

    /**
     * A generation_config.json. Keys that are no generation options are ignored, as transformers ignores them; null is nothing. An
     * option of sampling or beams may have any value here: where it is out of range, its accessor says so, which only a call that
     * samples or has beams asks.
     *
     * @throws OptionException where an option is unsupported or its value out of range
     */
    public static GenerationConfig ofFile(Map<String, ? extends @Nullable Object> json, String where) {
        Objects.requireNonNull(json, "json");
        Objects.requireNonNull(where, "where");
        Map<String, Object> unusable = new LinkedHashMap<>();
        Map<String, @Nullable Object> usable = new LinkedHashMap<>(json);
        usable.keySet().removeAll(ConfigKeys.OF_CALLS);
        json.forEach((key, value) -> {
            if (value != null && (SAMPLING_ONLY.contains(key) || BEAMS_ONLY.contains(key))) {
                ConfigKeys.problem(key, value).ifPresent(problem -> {
                    usable.remove(key);
                    unusable.put(key, new Unusable(value, where + ": " + problem));
                });
            }
        });
        return known(usable, where).over(new GenerationConfig(unusable));
    }

    /** Whether a key of generation_config.json counts for an answer, or is refused; others are ignored. */
    public static boolean isRead(String key) {
        Objects.requireNonNull(key, "key");
        return ConfigKeys.isKnown(key) && !ConfigKeys.NO_EFFECT.containsKey(key) && !ConfigKeys.OF_CALLS.contains(key);
    }

    /** Why a key that transformers knows has no effect here; empty for others. */
    public static Optional<String> withoutEffect(String key) {
        Objects.requireNonNull(key, "key");
        return Optional.ofNullable(ConfigKeys.NO_EFFECT.get(key));
    }

    /**
     * The options that a config.json holds: the way of checkpoints without a generation_config.json. Its text_config fills what
     * the top level leaves open. Values equal to transformers' defaults count as not given, since old files list all of them.
     */
    public static GenerationConfig ofModelConfig(Map<String, ? extends @Nullable Object> json, String where) {
        Objects.requireNonNull(json, "json");
        Objects.requireNonNull(where, "where");
        GenerationConfig top = withoutDefaults(ofFile(json, where));
        return json.get("text_config") instanceof Map<?, ?> text
                ? top.over(withoutDefaults(ofFile(ConfigKeys.stringKeys(text), where + ", text_config")))
                : top;
    }

    /**
     * What counts for an answer: each option from the first of these that gives it.
     *
     * @param call the caller's
     * @param directory of generation_config.json
     * @param modelConfig of config.json; read only where the directory gives nothing, as transformers does
     * @param modelDefaults what the model's code sets
     * @throws OptionException where options contradict each other
     */
    public static GenerationConfig resolve(
            GenerationConfig call,
            GenerationConfig directory,
            GenerationConfig modelConfig,
            GenerationConfig modelDefaults) {
        Objects.requireNonNull(call, "call");
        Objects.requireNonNull(directory, "directory");
        Objects.requireNonNull(modelConfig, "modelConfig");
        Objects.requireNonNull(modelDefaults, "modelDefaults");
        GenerationConfig file = directory.values.isEmpty() ? modelConfig : directory;
        GenerationConfig resolved = call.over(file.given()).over(modelDefaults);
        resolved.requireConsistent();
        return resolved;
    }

    /** This config, filled up from another where this one gives nothing. */
    public GenerationConfig over(GenerationConfig lower) {
        Map<String, Object> merged = new LinkedHashMap<>(lower.values);
        merged.putAll(values);
        return new GenerationConfig(merged);
    }

    /** Whether an option was given, by its key in snake_case. */
    public boolean isGiven(String key) {
        Objects.requireNonNull(key, "key");
        return value(key).isPresent();
    }

    /** The options as JSON values by key, in snake_case; null where a call set one back to nothing. */
    public Map<String, @Nullable Object> toMap() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        values.forEach((key, value) -> map.put(key, json(value)));
        return map;
    }

    /**
     * Lines for the user: options of the call that change nothing in a config.
     *
     * @param resolved what {@link #resolve} made of this call
     */
    public List<String> warnings(GenerationConfig resolved) {
        Objects.requireNonNull(resolved, "resolved");
        List<String> warnings = new ArrayList<>();
        for (String key : values.keySet()) {
            if (SAMPLING_ONLY.contains(key) && !resolved.doSample()) {
                warnings.add(key + " has no effect without do_sample");
            } else if (BEAMS_ONLY.contains(key) && resolved.numBeams() == 1) {
                warnings.add(key + " has no effect without num_beams above 1");
            } else if (LOOKUP.contains(key) && resolved.numBeams() > 1) {
                warnings.add(key + " has no effect with num_beams above 1");
            } else if (key.equals("max_matching_ngram_size")
                    && resolved.promptLookupNumTokens().isEmpty()) {
                warnings.add(key + " has no effect without prompt_lookup_num_tokens");
            }
        }
        return List.copyOf(warnings);
    }

    /** @throws OptionException where options contradict each other */
    void requireConsistent() {
        int sequences = numReturnSequences();
        if (sequences > 1 && numBeams() == 1 && !doSample()) {
            throw new OptionException(
                    "num_return_sequences is " + sequences + " in a greedy search, which has one answer; expected 1",
                    "set do_sample, or num_beams to at least " + sequences);
        }
        if (numBeams() > 1 && sequences > numBeams()) {
            throw new OptionException(
                    "num_return_sequences is " + sequences + "; expected at most num_beams, " + numBeams());
        }
        if (doSample() && temperature() == 0) {
            throw new OptionException(
                    "temperature is 0 with do_sample; expected a number above 0",
                    "switch do_sample off for a greedy search");
        }
        requireNotSuppressed(
                "forced_bos_token_id", forcedBosTokenId().stream().boxed().toList());
        requireNotSuppressed("forced_eos_token_id", forcedEosTokenId());
    }

    private void requireNotSuppressed(String key, List<Integer> forced) {
        if (!forced.isEmpty() && suppressTokens().containsAll(forced)) {
            throw new OptionException(key + " is " + forced + ", but suppress_tokens bans it; no token would be left");
        }
    }

    // Length.

    public OptionalInt maxLength() {
        return optionalInt("max_length");
    }

    public OptionalInt maxNewTokens() {
        return optionalInt("max_new_tokens");
    }

    public int minLength() {
        return get("min_length");
    }

    public OptionalInt minNewTokens() {
        return optionalInt("min_new_tokens");
    }

    /**
     * Seconds from the call, behind which an answer ends with its next token, for the reason {@link FinishReason#DEADLINE}. Not read by
     * {@link Generator}, which does not know when the call began.
     */
    public OptionalDouble maxTime() {
        return optionalDouble("max_time");
    }

    /** Texts that end an answer. Not read by {@link Generator}, which knows no text: give it a {@link StopRule}. */
    public List<String> stopStrings() {
        return get("stop_strings");
    }

    // Sampling.

    public boolean doSample() {
        return get("do_sample");
    }

    /** Fovea's own: answers with the same seed are equal. Absent: every answer has another. */
    public OptionalLong seed() {
        return value("seed").map(v -> OptionalLong.of((Long) v)).orElseGet(OptionalLong::empty);
    }

    public double temperature() {
        return get("temperature");
    }

    /** Tokens are kept, the likeliest first, up to so much of the entropy of the likeliest 100. */
    public OptionalDouble topH() {
        return optionalDouble("top_h");
    }

    /** 0 is off; 50 where nothing is given. */
    public int topK() {
        return OFF.equals(values.get("top_k")) ? 0 : get("top_k");
    }

    public double topP() {
        return get("top_p");
    }

    public OptionalDouble minP() {
        return optionalDouble("min_p");
    }

    public double typicalP() {
        return get("typical_p");
    }

    public double epsilonCutoff() {
        return get("epsilon_cutoff");
    }

    public double etaCutoff() {
        return get("eta_cutoff");
    }

    // Beams.

    public int numBeams() {
        return get("num_beams");
    }

    public int numReturnSequences() {
        return get("num_return_sequences");
    }

    public double lengthPenalty() {
        return get("length_penalty");
    }

    public EarlyStopping earlyStopping() {
        return get("early_stopping");
    }

    // Logits processors.

    public double repetitionPenalty() {
        return get("repetition_penalty");
    }

    public int noRepeatNgramSize() {
        return get("no_repeat_ngram_size");
    }

    public List<List<Integer>> badWordsIds() {
        return get("bad_words_ids");
    }

    public List<Integer> suppressTokens() {
        return get("suppress_tokens");
    }

    public List<Integer> beginSuppressTokens() {
        return get("begin_suppress_tokens");
    }

    public List<SequenceBias> sequenceBias() {
        return get("sequence_bias");
    }

    public Optional<ExponentialDecay> exponentialDecayLengthPenalty() {
        return value("exponential_decay_length_penalty").map(ExponentialDecay.class::cast);
    }

    public boolean renormalizeLogits() {
        return get("renormalize_logits");
    }

    public boolean removeInvalidValues() {
        return get("remove_invalid_values");
    }

    /** Fovea's own, as OpenAI's: for each token of the answer so far, less for each time that it stands there. */
    public double frequencyPenalty() {
        return get("frequency_penalty");
    }

    /** Fovea's own, as OpenAI's: less for each token that stands in the answer. */
    public double presencePenalty() {
        return get("presence_penalty");
    }

    /** Fovea's own: the form of the answer. Not read by {@link Generator}, which knows no text: give it a {@link Constraint}. */
    public Optional<ResponseFormat> responseFormat() {
        return value("response_format").map(ResponseFormat.class::cast).filter(ResponseFormat::holds);
    }

    // Special tokens.

    public OptionalInt forcedBosTokenId() {
        return optionalInt("forced_bos_token_id");
    }

    /** Empty is off. */
    public List<Integer> forcedEosTokenId() {
        return get("forced_eos_token_id");
    }

    public OptionalInt bosTokenId() {
        return optionalInt("bos_token_id");
    }

    /** Any of them ends an answer; empty: none does. */
    public List<Integer> eosTokenId() {
        return get("eos_token_id");
    }

    public OptionalInt padTokenId() {
        return optionalInt("pad_token_id");
    }

    public OptionalInt decoderStartTokenId() {
        return optionalInt("decoder_start_token_id");
    }

    /** Whether answers carry the log-probability of each token. */
    public boolean outputScores() {
        return get("output_scores");
    }

    /**
     * Fovea's own: answers carry each token's log probability by the model's own logits, and those of so many likeliest tokens beside
     * it. Absent: none.
     */
    public OptionalInt logprobs() {
        return optionalInt("logprobs");
    }

    // Guesses.

    /**
     * How many tokens at most are guessed from what followed the last ones where they stood before, in the prompt or the answer, and
     * verified in one pass. Changes no answer of a search without beams, only how fast it comes. Absent: none.
     */
    public OptionalInt promptLookupNumTokens() {
        return optionalInt("prompt_lookup_num_tokens");
    }

    /** How many of the last tokens are looked for, at most; fewer where so many are not found. 2 where nothing is given. */
    public int maxMatchingNgramSize() {
        return get("max_matching_ngram_size");
    }

    // Copies with one option changed.

    /**
     * A copy with one option set, by its key in snake_case.
     *
     * @throws OptionException where the key is unknown or the value out of range
     */
    public GenerationConfig with(String key, Object value) {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(value, "value");
        Map<String, Object> changed = new LinkedHashMap<>(values);
        changed.put(key, value);
        return new GenerationConfig(changed);
    }

    public GenerationConfig withMaxLength(int ids) {
        return with("max_length", ids);
    }

    public GenerationConfig withMaxNewTokens(int n) {
        return with("max_new_tokens", n);
    }

    public GenerationConfig withMinLength(int ids) {
        return with("min_length", ids);
    }

    public GenerationConfig withMinNewTokens(int n) {
        return with("min_new_tokens", n);
    }

    /** @param seconds from the call */
    public GenerationConfig withMaxTime(double seconds) {
        return with("max_time", seconds);
    }

    public GenerationConfig withStopStrings(String... texts) {
        Objects.requireNonNull(texts, "texts");
        return with("stop_strings", List.of(texts));
    }

    public GenerationConfig withDoSample(boolean on) {
        return with("do_sample", on);
    }

    public GenerationConfig withSeed(long seed) {
        return with("seed", seed);
    }

    public GenerationConfig withTemperature(double temperature) {
        return with("temperature", temperature);
    }

    public GenerationConfig withTopH(double share) {
        return with("top_h", share);
    }

    public GenerationConfig withTopK(int k) {
        return with("top_k", k);
    }

    public GenerationConfig withTopP(double p) {
        return with("top_p", p);
    }

    public GenerationConfig withMinP(double p) {
        return with("min_p", p);
    }

    public GenerationConfig withTypicalP(double p) {
        return with("typical_p", p);
    }

    public GenerationConfig withEpsilonCutoff(double probability) {
        return with("epsilon_cutoff", probability);
    }

    public GenerationConfig withEtaCutoff(double probability) {
        return with("eta_cutoff", probability);
    }

    public GenerationConfig withNumBeams(int beams) {
        return with("num_beams", beams);
    }

    public GenerationConfig withNumReturnSequences(int n) {
        return with("num_return_sequences", n);
    }

    public GenerationConfig withLengthPenalty(double exponent) {
        return with("length_penalty", exponent);
    }

    public GenerationConfig withEarlyStopping(EarlyStopping when) {
        Objects.requireNonNull(when, "when");
        return with("early_stopping", when);
    }

    public GenerationConfig withRepetitionPenalty(double penalty) {
        return with("repetition_penalty", penalty);
    }

    public GenerationConfig withNoRepeatNgramSize(int n) {
        return with("no_repeat_ngram_size", n);
    }

    public GenerationConfig withBadWordsIds(List<List<Integer>> words) {
        Objects.requireNonNull(words, "words");
        return with("bad_words_ids", words);
    }

    public GenerationConfig withSuppressTokens(int... ids) {
        Objects.requireNonNull(ids, "ids");
        return with("suppress_tokens", list(ids));
    }

    public GenerationConfig withBeginSuppressTokens(int... ids) {
        Objects.requireNonNull(ids, "ids");
        return with("begin_suppress_tokens", list(ids));
    }

    public GenerationConfig withSequenceBias(List<SequenceBias> biases) {
        Objects.requireNonNull(biases, "biases");
        return with("sequence_bias", biases);
    }

    public GenerationConfig withExponentialDecayLengthPenalty(int start, double factor) {
        return with("exponential_decay_length_penalty", new ExponentialDecay(start, factor));
    }

    public GenerationConfig withRenormalizeLogits(boolean on) {
        return with("renormalize_logits", on);
    }

    public GenerationConfig withRemoveInvalidValues(boolean on) {
        return with("remove_invalid_values", on);
    }

    public GenerationConfig withForcedBosTokenId(int id) {
        return with("forced_bos_token_id", id);
    }

    public GenerationConfig withForcedEosTokenId(int... ids) {
        Objects.requireNonNull(ids, "ids");
        return with("forced_eos_token_id", list(ids));
    }

    public GenerationConfig withBosTokenId(int id) {
        return with("bos_token_id", id);
    }

    public GenerationConfig withEosTokenId(int... ids) {
        Objects.requireNonNull(ids, "ids");
        return with("eos_token_id", list(ids));
    }

    public GenerationConfig withPadTokenId(int id) {
        return with("pad_token_id", id);
    }

    public GenerationConfig withDecoderStartTokenId(int id) {
        return with("decoder_start_token_id", id);
    }

    public GenerationConfig withOutputScores(boolean on) {
        return with("output_scores", on);
    }

    /** @param n tokens that are guessed at once, at most */
    public GenerationConfig withPromptLookupNumTokens(int n) {
        return with("prompt_lookup_num_tokens", n);
    }

    /** @param n of the last tokens, at least 1 */
    public GenerationConfig withMaxMatchingNgramSize(int n) {
        return with("max_matching_ngram_size", n);
    }

    public GenerationConfig withFrequencyPenalty(double penalty) {
        return with("frequency_penalty", penalty);
    }

    public GenerationConfig withPresencePenalty(double penalty) {
        return with("presence_penalty", penalty);
    }

    public GenerationConfig withResponseFormat(ResponseFormat format) {
        Objects.requireNonNull(format, "format");
        return with("response_format", format);
    }

    /** @param top how many of the likeliest tokens are given beside each; 0 for none */
    public GenerationConfig withLogprobs(int top) {
        return with("logprobs", top);
    }

    private Optional<Object> value(String key) {
        Object value = values.get(key);
        if (value instanceof Unusable unusable) {
            throw new OptionException(unusable.problem, "give " + key + " with the request, or correct the file");
        }
        return Optional.ofNullable(value).filter(v -> !OFF.equals(v));
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"
    }) // ConfigKeys.read made the value of the key's one Java type
    private <T> T get(String key) {
        return (T) value(key)
                .or(() -> Optional.ofNullable(ConfigKeys.DEFAULTS.get(key)))
                .orElseThrow();
    }

    private OptionalDouble optionalDouble(String key) {
        return value(key).map(v -> OptionalDouble.of((Double) v)).orElseGet(OptionalDouble::empty);
    }

    private OptionalInt optionalInt(String key) {
        return value(key).map(v -> OptionalInt.of((Integer) v)).orElseGet(OptionalInt::empty);
    }

    /** This config without what was set to nothing: only a call can do that. */
    private GenerationConfig given() {
        Map<String, Object> given = new LinkedHashMap<>(values);
        given.values().removeIf(OFF::equals);
        return new GenerationConfig(given);
    }

    private static GenerationConfig known(Map<String, ? extends @Nullable Object> json, String where) {
        Map<String, Object> options = new LinkedHashMap<>();
        json.forEach((key, value) -> {
            ConfigKeys.refuseUnsupported(key, value, where);
            if (value != null && ConfigKeys.isOption(key)) {
                options.put(key, value);
            }
        });
        try {
            return new GenerationConfig(options);
        } catch (OptionException e) {
            throw new OptionException(where + ": " + e.problem(), e.hint(), e);
        }
    }

    private static GenerationConfig withoutDefaults(GenerationConfig config) {
        Map<String, Object> given = new LinkedHashMap<>(config.values);
        given.entrySet().removeIf(e -> e.getValue().equals(ConfigKeys.DEFAULTS.get(e.getKey())));
        return new GenerationConfig(given);
    }

    private static List<Integer> list(int... ids) {
        return Arrays.stream(ids).boxed().toList();
    }

    private static @Nullable Object json(Object value) {
        return switch (value) {
            case Optional<?> _ -> null;
            case Unusable u -> u.value;
            case EarlyStopping e -> e.json();
            case ExponentialDecay d -> List.of(d.start(), d.factor());
            case ResponseFormat f -> f.toMap();
            case List<?> list ->
                list.stream()
                        .map(e -> e instanceof SequenceBias b ? List.of(b.ids(), b.bias()) : e)
                        .toList();
            default -> value;
        };
    }
}
