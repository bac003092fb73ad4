package dev.fovea.text;

import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import dev.fovea.text.bpe.TokenSteps;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a token's piece adds to a text, for decoders that treat each token by itself: the byte-level one, and SentencePiece's, whose
 * pieces have U+2581 for a space and are single bytes where a character has no token.
 */
final class TokenBytes {
    private static final Set<String> ALONE = Set.of("Replace", "ByteFallback", "Fuse", "Strip", "ByteLevel");

    private TokenBytes() {}

    /** @throws OptionException for other decoders */
    static byte[] of(TokenizerJson json, String piece) {
        if (type(json.get("decoder")).equals("ByteLevel")) {
            return ByteLevelDetokenizer.bytes(piece);
        }
        List<?> decoders = json.get("decoder") instanceof Map<?, ?> d && d.get("decoders") instanceof List<?> list
                ? list
                : List.of();
        boolean alone = !decoders.isEmpty() && decoders.stream().allMatch(d -> ALONE.contains(type(d)));
        if (!alone) {
            throw new OptionException(
                    "the tokenizer's decoder is of the type " + Quote.of('"' + type(json.get("decoder")) + '"')
                            + ", which joins tokens by what stands beside them; a response_format needs one that does not");
        }
        if (TokenSteps.isByte(piece) && decoders.stream().anyMatch(d -> type(d).equals("ByteFallback"))) {
            return new byte[] {(byte) Integer.parseInt(piece, 3, 5, 16)};
        }
        String text = piece;
        for (Object decoder : decoders) {
            text = replaced(text, decoder);
        }
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String type(@Nullable Object decoder) {
        return decoder instanceof Map<?, ?> map ? String.valueOf(map.get("type")) : "";
    }

    private static String replaced(String text, @Nullable Object decoder) {
        return decoder instanceof Map<?, ?> map
                        && map.get("pattern") instanceof Map<?, ?> pattern
                        && pattern.get("String") instanceof String from
                        && map.get("content") instanceof String to
                ? text.replace(from, to)
                : text;
    }
}
