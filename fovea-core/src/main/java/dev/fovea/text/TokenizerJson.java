package dev.fovea.text;

import dev.fovea.error.InputException;
import dev.fovea.io.Json;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What a tokenizer.json says: the vocabulary and the added tokens by id. The library is silent about both. */
final class TokenizerJson {
    /** Ten times the largest vocabulary known; ids above it are not worth an array. */
    private static final int MAX_IDS = 1 << 22;

    private final Map<String, @Nullable Object> root;
    private final Map<String, Integer> ids = new HashMap<>();
    private final Map<String, AddedToken> added = new LinkedHashMap<>();
    private final int vocabularySize;
    private final String[] pieces;
    private final boolean[] special;

    TokenizerJson(Map<String, @Nullable Object> root, String what) {
        this.root = root;
        Map<String, @Nullable Object> model = Json.object(root.get("model"), what + ", model");
        readVocabulary(model.get("vocab"), what + ", model.vocab");
        vocabularySize = ids.size();
        List<@Nullable Object> tokens = root.get("added_tokens") == null
                ? List.of()
                : Json.array(root.get("added_tokens"), what + ", added_tokens");
        for (Object token : tokens) {
            Map<String, @Nullable Object> fields = Json.object(token, what + ", an added token");
            AddedToken one = addedToken(fields, what);
            added.put(one.content(), one);
            ids.putIfAbsent(one.content(), id(fields.get("id"), what));
        }
        pieces = new String[ids.values().stream().mapToInt(i -> i + 1).max().orElse(0)];
        special = new boolean[pieces.length];
        ids.forEach((piece, id) -> pieces[id] = piece);
        for (AddedToken token : added.values()) {
            int id = ids.getOrDefault(token.content(), 0);
            pieces[id] = token.content();
            special[id] = token.special();
        }
    }

    /** BPE and WordPiece: piece to id. Unigram: pairs of piece and score, in the order of the ids. */
    private void readVocabulary(@Nullable Object vocab, String what) {
        if (vocab instanceof List<?> list) {
            for (Object pair : list) {
                ids.put(String.valueOf(Json.array(pair, what).getFirst()), ids.size());
            }
        } else {
            Json.object(vocab, what).forEach((piece, id) -> ids.put(piece, id(id, what)));
        }
    }

    private static int id(@Nullable Object value, String what) {
        if (value instanceof Long id && id >= 0 && id < MAX_IDS) {
            return id.intValue();
        }
        throw new InputException(
                what + " has the token id " + value + "; expected a whole number from 0 to " + (MAX_IDS - 1));
    }

    static AddedToken addedToken(Map<String, @Nullable Object> fields, String what) {
        if (!(fields.get("content") instanceof String content)) {
            throw new InputException(what + " has an added token without content");
        }
        return new AddedToken(
                content,
                isTrue(fields, "special"),
                isTrue(fields, "normalized"),
                isTrue(fields, "lstrip"),
                isTrue(fields, "rstrip"),
                isTrue(fields, "single_word"));
    }

    private static boolean isTrue(Map<String, @Nullable Object> fields, String key) {
        return Boolean.TRUE.equals(fields.get(key));
    }

    /** The same tokenizer with these tokens added or, where it has them, changed. */
    TokenizerJson with(Collection<AddedToken> tokens, String what) {
        Map<String, AddedToken> all = new LinkedHashMap<>(added);
        tokens.forEach(t -> all.put(t.content(), t));
        // The library's rule, which does not ask for the ids that are written down.
        int next = added.keySet().stream()
                .mapToInt(t -> ids.getOrDefault(t, 0) + 1)
                .reduce(vocabularySize, Math::max);
        List<@Nullable Object> list = new ArrayList<>();
        for (AddedToken t : all.values()) {
            Integer known = ids.get(t.content());
            list.add(fields(t, known != null ? known : next++));
        }
        Map<String, @Nullable Object> changed = new LinkedHashMap<>(root);
        changed.put("added_tokens", list);
        return new TokenizerJson(changed, what);
    }

    private static Map<String, Object> fields(AddedToken token, int id) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("id", (long) id);
        fields.put("content", token.content());
        fields.put("single_word", token.singleWord());
        fields.put("lstrip", token.lstrip());
        fields.put("rstrip", token.rstrip());
        fields.put("normalized", token.normalized());
        fields.put("special", token.special());
        return fields;
    }

    /**
     * The same vocabulary and ids, in which only some of the added tokens are looked for in a text.
     *
     * @throws InputException where the vocabulary is of a kind whose ids would move
     */
    TokenizerJson matching(Predicate<AddedToken> kept, String what) {
        Map<String, @Nullable Object> model = new LinkedHashMap<>(Json.object(root.get("model"), what + ", model"));
        Map<String, @Nullable Object> vocabulary =
                new LinkedHashMap<>(Json.object(model.get("vocab"), what + ", model.vocab"));
        // The library numbers added tokens anew unless the vocabulary has them; merges lead to none of them.
        added.keySet().forEach(token -> vocabulary.put(token, (long) ids.getOrDefault(token, 0)));
        model.put("vocab", vocabulary);
        Map<String, @Nullable Object> changed = new LinkedHashMap<>(root);
        changed.put("model", model);
        changed.put(
                "added_tokens",
                added.values().stream()
                        .filter(kept)
                        .map(t -> fields(t, ids.getOrDefault(t.content(), 0)))
                        .toList());
        return new TokenizerJson(changed, what);
    }

    /**
     * With {@code add_prefix_space} in its byte-level pre-tokenizer; the same where it is so already.
     *
     * @param space whether a text gets a space in front
     */
    TokenizerJson withPrefixSpace(boolean space, String what) {
        Object old = root.get("pre_tokenizer");
        Object preTokenizer = prefixed(old, space);
        if (preTokenizer == null || preTokenizer.equals(old)) {
            return this;
        }
        Map<String, @Nullable Object> changed = new LinkedHashMap<>(root);
        changed.put("pre_tokenizer", preTokenizer);
        return new TokenizerJson(changed, what);
    }

    private static @Nullable Object prefixed(@Nullable Object preTokenizer, boolean space) {
        if (!(preTokenizer instanceof Map<?, ?> given)) {
            return preTokenizer;
        }
        Map<Object, @Nullable Object> changed = new LinkedHashMap<>(given);
        if ("ByteLevel".equals(given.get("type"))) {
            changed.put("add_prefix_space", space);
        } else if (given.get("pretokenizers") instanceof List<?> several) {
            changed.put(
                    "pretokenizers",
                    several.stream().map(one -> prefixed(one, space)).toList());
        }
        return changed;
    }

    /** Whether the model is a byte pair encoding; files of the library's first years do not name its kind. */
    boolean isBpe() {
        return root.get("model") instanceof Map<?, ?> model
                && ("BPE".equals(model.get("type")) || (model.get("type") == null && model.get("merges") != null));
    }

    /** What decides how tokens become text: {@code ByteLevel}, {@code Sequence}, …; empty where there is no decoder. */
    String decoderType() {
        return root.get("decoder") instanceof Map<?, ?> decoder ? String.valueOf(decoder.get("type")) : "";
    }

    @Nullable
    Object get(String key) {
        return root.get(key);
    }

    String write() {
        return Json.write(root);
    }

    Map<String, AddedToken> added() {
        return added;
    }

    int size() {
        return ids.size();
    }

    OptionalInt id(String token) {
        Integer id = ids.get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    String piece(int id) {
        return id < 0 || id >= pieces.length || pieces[id] == null ? "" : pieces[id];
    }

    boolean isSpecial(int id) {
        return id >= 0 && id < special.length && special[id];
    }
}
