package dev.fovea.generate;

import static java.util.Map.entry;

import dev.fovea.error.Closest;
import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.DoublePredicate;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The keys of a generation config: what each may be, which change nothing here, which are refused. */
final class ConfigKeys {
    /** A kind of value: what is allowed, in words, and the Java form of a value that is. */
    private record Kind(String allowed, Function<Object, Optional<?>> read) {}

    /** Each has scores for the whole vocabulary, and a cache. */
    private static final int MOST_SEQUENCES = 4096;

    private static final int MOST_LOGPROBS = 1000;

    private static final Map<String, Kind> KINDS = Map.ofEntries(
            entry("max_length", integer(1)),
            entry("max_new_tokens", integer(1)),
            entry("min_length", integer(0)),
            entry("min_new_tokens", integer(0)),
            entry("max_time", number("a number of seconds, at least 0", x -> x >= 0)),
            entry("stop_strings", strings()),
            entry("do_sample", bool()),
            entry("seed", seed()),
            entry("temperature", number("a number of at least 0", x -> x >= 0)),
            entry("top_h", number("a number above 0 and at most 1", x -> x > 0 && x <= 1)),
            entry("top_k", integer(0)),
            entry("top_p", fraction()),
            entry("min_p", fraction()),
            entry("typical_p", number("a number above 0 and at most 1", x -> x > 0 && x <= 1)),
            entry("epsilon_cutoff", number("a number of at least 0 and below 1", x -> x >= 0 && x < 1)),
            entry("eta_cutoff", number("a number of at least 0 and below 1", x -> x >= 0 && x < 1)),
            entry("num_beams", integer(1, MOST_SEQUENCES)),
            entry("num_return_sequences", integer(1, MOST_SEQUENCES)),
            entry("length_penalty", number("a number", _ -> true)),
            entry("early_stopping", earlyStopping()),
            entry("repetition_penalty", number("a number above 0", x -> x > 0)),
            entry("no_repeat_ngram_size", integer(0)),
            entry("bad_words_ids", idLists()),
            entry("suppress_tokens", ids()),
            entry("begin_suppress_tokens", ids()),
            entry("sequence_bias", sequenceBias()),
            entry("exponential_decay_length_penalty", exponentialDecay()),
            entry("renormalize_logits", bool()),
            entry("remove_invalid_values", bool()),
            entry("forced_bos_token_id", integer(0)),
            entry("forced_eos_token_id", ids()),
            entry("bos_token_id", tokenId()),
            entry("eos_token_id", ids()),
            entry("pad_token_id", tokenId()),
            entry("decoder_start_token_id", tokenId()),
            entry("output_scores", bool()),
            entry("prompt_lookup_num_tokens", integer(1)),
            entry("max_matching_ngram_size", integer(1)),
            entry("frequency_penalty", number("a number", _ -> true)),
            entry("presence_penalty", number("a number", _ -> true)),
            entry("logprobs", integer(0, MOST_LOGPROBS)),
            entry("response_format", responseFormat()));

    /** Fovea's own, which a call alone gives: transformers would not see them in a directory. */
    static final Set<String> OF_CALLS = Set.of("frequency_penalty", "presence_penalty", "logprobs", "response_format");

    /** What counts where an option is not given; an option that is not here is off. */
    static final Map<String, Object> DEFAULTS = Map.ofEntries(
            entry("max_length", 20),
            entry("min_length", 0),
            entry("stop_strings", List.of()),
            entry("do_sample", false),
            entry("temperature", 1.0),
            entry("top_k", 50),
            entry("top_p", 1.0),
            entry("typical_p", 1.0),
            entry("epsilon_cutoff", 0.0),
            entry("eta_cutoff", 0.0),
            entry("num_beams", 1),
            entry("num_return_sequences", 1),
            entry("length_penalty", 1.0),
            entry("early_stopping", EarlyStopping.FALSE),
            entry("repetition_penalty", 1.0),
            entry("no_repeat_ngram_size", 0),
            entry("bad_words_ids", List.of()),
            entry("suppress_tokens", List.of()),
            entry("begin_suppress_tokens", List.of()),
            entry("sequence_bias", List.of()),
            entry("renormalize_logits", false),
            entry("remove_invalid_values", false),
            entry("forced_eos_token_id", List.of()),
            entry("eos_token_id", List.of()),
            entry("output_scores", false),
            entry("max_matching_ngram_size", 2),
            entry("frequency_penalty", 0.0),
            entry("presence_penalty", 0.0));

    private static final String SAME_ANSWER = "decides how the reference computes, not what it answers";
    private static final String OUTPUT_FORM = "the form of an answer is fixed; trace gives intermediate tensors";
    private static final String ASSISTANT = "belongs to an assistant model, which generation here never uses";
    private static final String METADATA = "says how the file came about";

    /** Keys that are accepted and change nothing, with the reason. */
    static final Map<String, String> NO_EFFECT = Map.ofEntries(
            entry("use_cache", SAME_ANSWER),
            entry("cache_implementation", SAME_ANSWER),
            entry("cache_config", SAME_ANSWER),
            entry("max_cache_len", SAME_ANSWER),
            entry("compile_config", SAME_ANSWER),
            entry("disable_compile", SAME_ANSWER),
            entry("prefill_chunk_size", SAME_ANSWER),
            entry("low_memory", SAME_ANSWER),
            entry("synced_gpus", SAME_ANSWER),
            entry("return_dict_in_generate", OUTPUT_FORM),
            entry("output_attentions", OUTPUT_FORM),
            entry("output_hidden_states", OUTPUT_FORM),
            entry("output_logits", OUTPUT_FORM),
            entry("is_assistant", ASSISTANT),
            entry("num_assistant_tokens", ASSISTANT),
            entry("num_assistant_tokens_schedule", ASSISTANT),
            entry("assistant_confidence_threshold", ASSISTANT),
            entry("assistant_lookbehind", ASSISTANT),
            entry("target_lookbehind", ASSISTANT),
            entry("transformers_version", METADATA),
            entry("_from_model_config", METADATA),
            entry("_commit_hash", METADATA));

    /** Keys of transformers that are refused, unless they have the value that switches them off (or null). */
    static final Map<String, Object> UNSUPPORTED = Map.ofEntries(
            entry("num_beam_groups", 1),
            entry("diversity_penalty", 0),
            entry("penalty_alpha", 0),
            entry("guidance_scale", 1),
            entry("encoder_repetition_penalty", 1),
            entry("encoder_no_repeat_ngram_size", 0),
            entry("token_healing", false),
            entry("use_mtp", false),
            entry("dola_layers", "null"),
            entry("constraints", "null"),
            entry("force_words_ids", "null"),
            entry("assistant_model", "null"),
            entry("assistant_early_exit", "null"),
            entry("assistant_ensemble_weight", "null"),
            entry("speculation_type", "null"),
            entry("watermarking_config", "null"),
            entry("continuous_batching_config", "null"));

    private ConfigKeys() {}

    static boolean isOption(String key) {
        return KINDS.containsKey(key);
    }

    static boolean isKnown(String key) {
        return isOption(key) || NO_EFFECT.containsKey(key) || UNSUPPORTED.containsKey(key);
    }

    /** The Java form of an option's value. @throws OptionException where it is none */
    static Object read(String key, Object value) {
        Kind kind = KINDS.get(key);
        if (kind == null) {
            throw unknown(key, "");
        }
        return kind.read
                .apply(value)
                .orElseThrow(() -> new OptionException(problem(key, value).orElseThrow()));
    }

    /** What is wrong with an option's value, for messages; empty where nothing is. */
    static Optional<String> problem(String key, Object value) {
        Kind kind = Objects.requireNonNull(KINDS.get(key));
        return kind.read.apply(value).isPresent()
                ? Optional.empty()
                : Optional.of(key + " is " + show(value) + "; expected " + kind.allowed);
    }

    /** @throws OptionException where the key is one of transformers' that does something which is not offered here */
    static void refuseUnsupported(String key, @Nullable Object value, String where) {
        Object off = UNSUPPORTED.get(key);
        if (off != null && value != null && !isOff(value, off)) {
            throw new OptionException(
                    where + ": " + key + " is " + show(value) + ", which is not supported; expected " + off,
                    "leave it out");
        }
    }

    /** The error for a key that nobody knows. */
    static OptionException unknown(String key, String where) {
        List<String> known = Stream.of(KINDS, NO_EFFECT, UNSUPPORTED)
                .flatMap(m -> m.keySet().stream())
                .toList();
        return new OptionException(
                (where.isEmpty() ? "" : where + ": ") + "unknown generation option " + Quote.of(key),
                Closest.question(key, known));
    }

    private static boolean isOff(Object value, Object off) {
        return value instanceof Number a && off instanceof Number b
                ? a.doubleValue() == b.doubleValue()
                : value.equals(off);
    }

    private static String show(Object value) {
        return Quote.of(value instanceof String s ? '"' + s + '"' : String.valueOf(value));
    }

    private static Kind integer(int min, int max) {
        return new Kind("an integer from " + min + " to " + max, v -> asInt(v).filter(i -> i >= min && i <= max));
    }

    private static Kind integer(int min) {
        return new Kind("an integer of at least " + min, v -> asInt(v).filter(i -> i >= min));
    }

    /** Files write -1 for none: an id that never occurs. */
    private static Kind tokenId() {
        return new Kind("a token id", ConfigKeys::asInt);
    }

    private static Kind seed() {
        return new Kind(
                "an integer",
                v -> v instanceof Integer || v instanceof Long
                        ? Optional.of(((Number) v).longValue())
                        : Optional.empty());
    }

    private static Kind number(String allowed, DoublePredicate valid) {
        return new Kind(allowed, v -> asDouble(v).filter(valid::test));
    }

    private static Kind fraction() {
        return number("a number from 0 to 1", x -> x >= 0 && x <= 1);
    }

    private static Kind bool() {
        return new Kind("true or false", v -> v instanceof Boolean ? Optional.of(v) : Optional.empty());
    }

    private static Kind earlyStopping() {
        return new Kind("true, false or \"never\"", v -> switch (v) {
            case EarlyStopping e -> Optional.of(e);
            case Boolean b -> Optional.of(b ? EarlyStopping.TRUE : EarlyStopping.FALSE);
            case String s when s.equals("never") -> Optional.of(EarlyStopping.NEVER);
            default -> Optional.empty();
        });
    }

    private static Kind strings() {
        return new Kind(
                "a string or a list of strings",
                v -> v instanceof String s
                        ? Optional.of(List.of(s))
                        : asList(v, e -> e instanceof String s ? Optional.of(s) : Optional.empty()));
    }

    private static Kind ids() {
        return new Kind(
                "a token id or a list of token ids",
                v -> v instanceof List<?> ? asList(v, ConfigKeys::asInt) : asInt(v).map(List::of));
    }

    private static Kind idLists() {
        return new Kind("a list of non-empty lists of token ids", v -> asList(v, ConfigKeys::asTokens));
    }

    private static Kind sequenceBias() {
        return new Kind("a list of [[token ids], bias]", v -> asList(v, ConfigKeys::asSequenceBias));
    }

    private static Kind responseFormat() {
        return new Kind("an object as OpenAI's response_format", v -> switch (v) {
            case ResponseFormat format -> Optional.of(format);
            case Map<?, ?> map -> Optional.of(ResponseFormat.of(stringKeys(map)));
            default -> Optional.empty();
        });
    }

    static Map<String, @Nullable Object> stringKeys(Map<?, ?> map) {
        Map<String, @Nullable Object> result = new LinkedHashMap<>();
        map.forEach((key, value) -> result.put(String.valueOf(key), value));
        return result;
    }

    private static Kind exponentialDecay() {
        return new Kind(
                "[start index, decay factor]",
                v -> v instanceof ExponentialDecay
                        ? Optional.of(v)
                        : v instanceof List<?> pair && pair.size() == 2
                                ? asInt(pair.get(0))
                                        .flatMap(
                                                start -> asDouble(pair.get(1)).map(f -> new ExponentialDecay(start, f)))
                                : Optional.empty());
    }

    private static Optional<SequenceBias> asSequenceBias(Object value) {
        return switch (value) {
            case SequenceBias bias -> Optional.of(bias);
            case List<?> pair
            when pair.size() == 2 ->
                asTokens(pair.get(0)).flatMap(ids -> asDouble(pair.get(1)).map(bias -> new SequenceBias(ids, bias)));
            default -> Optional.empty();
        };
    }

    private static Optional<List<Integer>> asTokens(Object value) {
        return asList(value, v -> asInt(v).filter(id -> id >= 0)).filter(ids -> !ids.isEmpty());
    }

    private static Optional<Integer> asInt(@Nullable Object value) {
        return switch (value) {
            case Integer i -> Optional.of(i);
            case Long l when l == l.intValue() -> Optional.of(l.intValue());
            case null, default -> Optional.empty();
        };
    }

    private static Optional<Double> asDouble(@Nullable Object value) {
        return value instanceof Number n && Double.isFinite(n.doubleValue())
                ? Optional.of(n.doubleValue())
                : Optional.empty();
    }

    private static <T> Optional<List<T>> asList(Object value, Function<Object, Optional<T>> element) {
        if (!(value instanceof List<?> list)) {
            return Optional.empty();
        }
        List<T> read = new ArrayList<>();
        for (Object e : list) {
            Optional<T> one = e == null ? Optional.empty() : element.apply(e);
            if (one.isEmpty()) {
                return Optional.empty();
            }
            read.add(one.get());
        }
        return Optional.of(List.copyOf(read));
    }
}
