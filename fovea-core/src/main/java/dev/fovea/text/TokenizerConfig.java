package dev.fovea.text;

import dev.fovea.io.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What stands around a tokenizer.json: tokenizer_config.json, and special_tokens_map.json of older checkpoints.
 *
 * @param tokenizerClass transformers' class without its {@code Fast}; empty where unknown
 * @param specialTokens the named special tokens: {@code bos_token}, {@code image_token}, …
 * @param additional the special tokens without a name
 * @param added the content of added_tokens_decoder, in the order of its ids
 * @param values everything else
 */
record TokenizerConfig(
        String tokenizerClass,
        Map<String, String> specialTokens,
        List<String> additional,
        List<AddedToken> added,
        Map<String, @Nullable Object> values) {

    static TokenizerConfig read(Path directory) {
        Map<String, @Nullable Object> config = optional(directory.resolve("tokenizer_config.json"));
        Map<String, String> named = new LinkedHashMap<>();
        List<String> additional = new ArrayList<>();
        collect(config, named, additional);
        if (config.get("added_tokens_decoder") == null) {
            // Older checkpoints; what stands in this file goes before the configuration.
            collect(optional(directory.resolve("special_tokens_map.json")), named, additional);
        }
        String type = config.get("tokenizer_class") instanceof String s ? s : "";
        return new TokenizerConfig(
                type.endsWith("Fast") ? type.substring(0, type.length() - 4) : type,
                Collections.unmodifiableMap(named),
                List.copyOf(additional),
                config.get("added_tokens_decoder") != null
                        ? added(config.get("added_tokens_decoder"), directory.resolve("tokenizer_config.json"))
                        : older(directory.resolve("added_tokens.json"), named, additional),
                config);
    }

    /** Whether a key is true. */
    boolean flag(String key) {
        return Boolean.TRUE.equals(values.get(key));
    }

    /** As {@link Tokenizer#templateVariables}, as far as these files name the tokens. */
    Map<String, Object> templateVariables() {
        return Collections.unmodifiableMap(new LinkedHashMap<>(specialTokens));
    }

    /** The added tokens that a template writes, beside the special ones, where the checkpoint lists them. */
    Optional<List<String>> chatControlTokens() {
        return Optional.ofNullable(values.get("chat_control_tokens"))
                .map(v -> Json.array(v, "chat_control_tokens of tokenizer_config.json").stream()
                        .map(String::valueOf)
                        .toList());
    }

    private static Map<String, @Nullable Object> optional(Path file) {
        return Files.isRegularFile(file) ? Json.parseObject(file) : Map.of();
    }

    private static void collect(
            Map<String, @Nullable Object> from, Map<String, String> named, List<String> additional) {
        from.forEach((key, value) -> {
            if (key.equals("additional_special_tokens") || key.equals("extra_special_tokens")) {
                if (value instanceof List<?> list) {
                    additional.clear();
                    list.forEach(t -> content(t).ifPresent(additional::add));
                } else if (value instanceof Map<?, ?> map) {
                    map.forEach((name, t) -> content(t).ifPresent(c -> named.put(String.valueOf(name), c)));
                }
            } else if (key.endsWith("_token")) {
                content(value).ifPresentOrElse(c -> named.put(key, c), () -> named.remove(key));
            }
        });
    }

    /** A token is written as a string or as an object with its content; anything else is none. */
    private static Optional<String> content(@Nullable Object token) {
        Object content = token instanceof Map<?, ?> map ? map.get("content") : token;
        return content instanceof String s ? Optional.of(s) : Optional.empty();
    }

    private static List<AddedToken> added(@Nullable Object decoder, Path file) {
        String what = file + ", added_tokens_decoder";
        return Json.object(decoder, what).entrySet().stream()
                .sorted(Comparator.comparing(Map.Entry::getKey, TokenizerConfig::compareNumbers))
                .map(e -> TokenizerJson.addedToken(Json.object(e.getValue(), what), what))
                .toList();
    }

    /** The added_tokens.json of older checkpoints; those that are special are named elsewhere. */
    private static List<AddedToken> older(Path file, Map<String, String> named, List<String> additional) {
        return optional(file).entrySet().stream()
                .filter(e -> e.getValue() instanceof Long)
                .sorted(Comparator.comparingLong(e -> e.getValue() instanceof Long id ? id : 0))
                .map(e -> {
                    boolean special = named.containsValue(e.getKey()) || additional.contains(e.getKey());
                    return new AddedToken(e.getKey(), special, !special, false, false, false);
                })
                .toList();
    }

    /** Ids as JSON keys: without signs and leading zeros, the longer is the larger. */
    private static int compareNumbers(String a, String b) {
        return a.length() != b.length() ? a.length() - b.length() : a.compareTo(b);
    }
}
