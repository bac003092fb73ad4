package dev.fovea.text;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.io.Json;
import dev.fovea.text.bpe.BytePairModel;
import dev.fovea.text.bpe.PreTokenizer;
import dev.fovea.text.bpe.TextSteps;
import dev.fovea.text.bpe.TokenSteps;
import dev.fovea.text.bpe.WordEncoder;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Texts to ids as Hugging Face's tokenizers library does it: added tokens that are looked for in the text as given, the normalizer,
 * those that are looked for in the normalised text, the pre-tokenizer, the model, the post-processor. Immutable.
 */
final class TextEncoder {
    /** The added tokens that are looked for. */
    record Lookup(AddedTokens given, AddedTokens normalized) {}

    private final TokenizerJson json;
    private final UnaryOperator<String> normalizer;
    private final PreTokenizer preTokenizer;
    private final BytePairModel model;
    private final TokenSteps.Around around;

    /** @throws InputException where the file has a step, or a kind of model, that is not known here */
    TextEncoder(TokenizerJson json, String what) {
        this.json = json;
        this.normalizer = TextSteps.normalizer(json.get("normalizer"), what);
        this.preTokenizer = TextSteps.preTokenizer(json.get("pre_tokenizer"), what);
        this.around = TokenSteps.around(json.get("post_processor"), what);
        boolean byteLevel = TextSteps.isByteLevel(json.get("pre_tokenizer"), what);
        this.model = new BytePairModel(json.vocabulary(), json.merges(), options(json, byteLevel, what), byteLevel);
    }

    /** Files of the library's first years do not name the kind of their model. */
    private static BytePairModel.Options options(TokenizerJson json, boolean byteLevel, String what) {
        Map<String, @Nullable Object> model = Json.object(json.get("model"), what + ", model");
        Object type = model.get("type");
        if (!"BPE".equals(type) && (type != null || !model.containsKey("merges"))) {
            throw new InputException(
                    what + " has the model " + Quote.of(String.valueOf(type)) + ", which Fovea does not know",
                    "the models of all supported families are BPE");
        }
        for (String key : List.of("dropout", "continuing_subword_prefix", "end_of_word_suffix")) {
            Object value = model.get(key);
            if (value != null && !value.equals("") && !value.equals(0.0) && !value.equals(0L)) {
                throw new InputException(what + ", model, has " + Quote.of(value) + " as " + key
                        + ", which Fovea does not know; expected none");
            }
        }
        int unknown = model.get("unk_token") instanceof String token
                ? json.vocabulary().id(token)
                : -1;
        if (unknown < 0 && model.get("unk_token") != null && !byteLevel) {
            throw new InputException(what + ", model, has the unk_token "
                    + Quote.of(String.valueOf(model.get("unk_token"))) + ", which its vocabulary lacks");
        }
        return new BytePairModel.Options(
                Boolean.TRUE.equals(model.get("byte_fallback")),
                unknown,
                Boolean.TRUE.equals(model.get("fuse_unk")),
                Boolean.TRUE.equals(model.get("ignore_merges")));
    }

    /** @param plain which of the added tokens are found, but are plain text then */
    Lookup lookup(Predicate<AddedToken> plain) {
        return new Lookup(
                tokens(plain, token -> !token.normalized(), UnaryOperator.identity()),
                tokens(plain, AddedToken::normalized, normalizer));
    }

    private AddedTokens tokens(
            Predicate<AddedToken> plain, Predicate<AddedToken> wanted, UnaryOperator<String> spelled) {
        List<AddedTokens.Entry> entries = Stream.concat(
                        json.added().values().stream().filter(AddedToken::special),
                        json.added().values().stream().filter(token -> !token.special()))
                .filter(wanted)
                .map(token ->
                        new AddedTokens.Entry(token, json.id(token.content()).orElseThrow(), plain.test(token)))
                .toList();
        return new AddedTokens(entries, spelled);
    }

    /** Looks for no added token. */
    static Lookup noLookup() {
        AddedTokens none = new AddedTokens(List.of(), UnaryOperator.identity());
        return new Lookup(none, none);
    }

    int[] encode(String text, Lookup lookup, boolean addSpecialTokens) {
        String wellFormed = wellFormed(text);
        WordEncoder words = new WordEncoder(model);
        lookup.given().split(wellFormed, new AddedTokens.Parts() {
            @Override
            public void text(int from, int end) {
                normalized(normalizer.apply(wellFormed.substring(from, end)), lookup.normalized(), words);
            }

            @Override
            public void token(int id) {
                words.id(id);
            }
        });
        return addSpecialTokens ? around.apply(words.ids()) : words.ids();
    }

    private void normalized(String text, AddedTokens tokens, WordEncoder words) {
        tokens.split(text, new AddedTokens.Parts() {
            @Override
            public void text(int from, int end) {
                preTokenizer.split(text, from, end, words);
            }

            @Override
            public void token(int id) {
                words.id(id);
            }
        });
    }

    /** The text with U+FFFD for each half of a surrogate pair that stands alone: such text has no UTF-8. */
    private static String wellFormed(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                int c = text.codePointAt(i);
                if (Character.isBmpCodePoint(c)) {
                    return text.codePoints()
                            .map(one -> one >= Character.MIN_SURROGATE && one <= Character.MAX_SURROGATE ? 0xFFFD : one)
                            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                            .toString();
                }
                i++;
            }
        }
        return text;
    }
}
