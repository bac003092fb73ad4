package dev.fovea.text;

import dev.fovea.error.InputException;
import dev.fovea.io.Json;
import dev.fovea.text.bpe.Merges;
import dev.fovea.text.bpe.ModelFiles.TokenizerFile;
import dev.fovea.text.bpe.Vocabulary;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** What a tokenizer.json says, with its added tokens by content and by id. Immutable. */
final class TokenizerJson {
    private final TokenizerFile file;
    private final Map<String, AddedToken> added = new LinkedHashMap<>();
    private final Map<String, Integer> addedIds = new HashMap<>();
    private final Map<Integer, String> addedPieces = new HashMap<>();
    private final BitSet special = new BitSet();
    private final int size;

    private TokenizerJson(TokenizerFile file, Collection<AddedToken> tokens) {
        this.file = file;
        tokens.forEach(token -> added.put(token.content(), token));
        int more = 0;
        int next = file.vocabulary().size();
        for (AddedToken token : added.values()) {
            // The library's rule, which does not ask for the ids that are written down.
            int known = file.vocabulary().id(token.content());
            int id = known >= 0 ? known : next;
            next = Math.max(next, id + 1);
            more += known >= 0 ? 0 : 1;
            addedIds.put(token.content(), id);
            addedPieces.put(id, token.content());
            special.set(id, token.special());
        }
        size = file.vocabulary().size() + more;
    }

    static TokenizerJson of(TokenizerFile file, String what) {
        Object tokens = file.root().get("added_tokens");
        List<AddedToken> added = new ArrayList<>();
        for (Object token : tokens == null ? List.of() : Json.array(tokens, what + ", added_tokens")) {
            added.add(addedToken(Json.object(token, what + ", an added token"), what));
        }
        return new TokenizerJson(file, added);
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
    TokenizerJson with(Collection<AddedToken> tokens) {
        List<AddedToken> all = new ArrayList<>(added.values());
        all.addAll(tokens);
        return new TokenizerJson(file, all);
    }

    /**
     * With {@code add_prefix_space} in its byte-level pre-tokenizer.
     *
     * @param space whether a text gets a space in front
     */
    TokenizerJson withPrefixSpace(boolean space) {
        Map<String, @Nullable Object> changed = new LinkedHashMap<>(file.root());
        changed.put("pre_tokenizer", prefixed(changed.get("pre_tokenizer"), space));
        return new TokenizerJson(new TokenizerFile(changed, file.vocabulary(), file.merges()), added.values());
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

    @Nullable
    Object get(String key) {
        return file.root().get(key);
    }

    Vocabulary vocabulary() {
        return file.vocabulary();
    }

    Merges merges() {
        return file.merges();
    }

    Map<String, AddedToken> added() {
        return added;
    }

    int size() {
        return size;
    }

    OptionalInt id(String token) {
        Integer addedId = addedIds.get(token);
        int id = addedId != null ? addedId : file.vocabulary().id(token);
        return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
    }

    String piece(int id) {
        String addedPiece = addedPieces.get(id);
        return addedPiece != null ? addedPiece : file.vocabulary().piece(id);
    }

    boolean isSpecial(int id) {
        return id >= 0 && special.get(id);
    }
}
