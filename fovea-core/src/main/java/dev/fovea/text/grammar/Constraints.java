package dev.fovea.text.grammar;

import dev.fovea.generate.Constraint;
import dev.fovea.generate.ResponseFormat;
import dev.fovea.text.Tokenizer;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The constraints of a tokenizer's vocabulary. Keeps what the last formats needed: their automata and masks. Thread-safe. */
public final class Constraints {
    private static final int KEPT = 16;

    private final Tokenizer tokenizer;
    private @Nullable TokenTrie trie;
    private final Map<ResponseFormat, TokenMasks> kept = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<ResponseFormat, TokenMasks> eldest) {
            return size() > KEPT;
        }
    };

    public Constraints(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * A constraint for the answers of one call.
     *
     * @throws dev.fovea.error.OptionException where the format's schema has something that is not supported, or allows no document
     */
    public synchronized Constraint of(ResponseFormat format) {
        return new TokenConstraint(kept.computeIfAbsent(format, f -> new TokenMasks(AnswerLanguage.of(f), trie())));
    }

    private TokenTrie trie() {
        if (trie == null) {
            trie = TokenTrie.of(tokenizer);
        }
        return trie;
    }
}
