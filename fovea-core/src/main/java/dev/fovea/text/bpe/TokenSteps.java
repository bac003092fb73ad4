package dev.fovea.text.bpe;

import dev.fovea.error.InputException;
import dev.fovea.io.Json;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The steps of a tokenizer.json that work on tokens: post-processor and decoder. Others than those here are refused by name. */
public final class TokenSteps {
    /** The ids that a post-processor puts around those of a text. */
    public record Around(int[] before, int[] after) {
        static final Around NOTHING = new Around(new int[0], new int[0]);

        /** These ids with those around them. */
        public int[] apply(int[] ids) {
            int[] all = new int[before.length + ids.length + after.length];
            System.arraycopy(before, 0, all, 0, before.length);
            System.arraycopy(ids, 0, all, before.length, ids.length);
            System.arraycopy(after, 0, all, before.length + ids.length, after.length);
            return all;
        }
    }

    private TokenSteps() {}

    /** @param json the value of {@code post_processor} */
    public static Around around(@Nullable Object json, String what) {
        if (json == null) {
            return Around.NOTHING;
        }
        Map<String, @Nullable Object> step = Json.object(json, what + ", post_processor");
        return switch (String.valueOf(step.get("type"))) {
            case "ByteLevel" -> Around.NOTHING;
            case "RobertaProcessing", "BertProcessing" ->
                new Around(new int[] {second(step.get("cls"), what)}, new int[] {second(step.get("sep"), what)});
            case "TemplateProcessing" -> template(step, what);
            case "Sequence" -> {
                Around all = Around.NOTHING;
                for (Object one : Json.array(step.get("processors"), what + ", processors")) {
                    Around next = around(one, what);
                    all = new Around(
                            new Around(next.before, new int[0]).apply(all.before),
                            new Around(new int[0], next.after).apply(all.after));
                }
                yield all;
            }
            default ->
                throw TextSteps.unknown(
                        what,
                        "post-processor",
                        step.get("type"),
                        "ByteLevel, RobertaProcessing, BertProcessing, TemplateProcessing and Sequence");
        };
    }

    private static int second(@Nullable Object pair, String what) {
        List<@Nullable Object> tokenAndId = Json.array(pair, what + ", post_processor");
        return tokenAndId.size() == 2 ? id(tokenAndId.get(1), what) : id(null, what);
    }

    private static int id(@Nullable Object value, String what) {
        if (value instanceof Long id && id >= 0 && id < Vocabulary.MAX_IDS) {
            return id.intValue();
        }
        throw new InputException(
                what + ", post_processor, has " + Json.typeName(value) + " where the id of a token is expected");
    }

    private static Around template(Map<String, @Nullable Object> step, String what) {
        Map<String, @Nullable Object> tokens = Json.object(step.get("special_tokens"), what + ", special_tokens");
        List<Integer> before = new ArrayList<>();
        List<Integer> after = new ArrayList<>();
        int texts = 0;
        for (Object item : Json.array(step.get("single"), what + ", single")) {
            Map<String, @Nullable Object> one = Json.object(item, what + ", single");
            if (one.containsKey("Sequence")) {
                texts++;
                continue;
            }
            Map<String, @Nullable Object> token = Json.object(one.get("SpecialToken"), what + ", single");
            Map<String, @Nullable Object> known =
                    Json.object(tokens.get(String.valueOf(token.get("id"))), what + ", special_tokens");
            for (Object id : Json.array(known.get("ids"), what + ", special_tokens")) {
                (texts == 0 ? before : after).add(id(id, what));
            }
        }
        if (texts != 1) {
            throw new InputException(what + ", post_processor, has the text " + texts + " times; expected it once");
        }
        return new Around(ints(before), ints(after));
    }

    private static int[] ints(List<Integer> list) {
        return list.stream().mapToInt(i -> i).toArray();
    }

    /**
     * What turns pieces into the parts of a text.
     *
     * @param json the value of {@code decoder}, another one than ByteLevel
     */
    public static UnaryOperator<List<String>> decoder(@Nullable Object json, String what) {
        if (json == null) {
            return pieces -> List.of(String.join(" ", pieces));
        }
        Map<String, @Nullable Object> step = Json.object(json, what + ", decoder");
        return switch (String.valueOf(step.get("type"))) {
            case "Replace" -> {
                Finder finder = TextSteps.finder(step.get("pattern"), what);
                String by = TextSteps.string(step, "content", what);
                yield pieces ->
                        pieces.stream().map(piece -> finder.replace(piece, by)).toList();
            }
            case "ByteFallback" -> TokenSteps::joinBytes;
            case "Fuse" -> pieces -> List.of(String.join("", pieces));
            case "Strip" -> strip(step, what);
            case "Sequence" -> {
                UnaryOperator<List<String>> all = UnaryOperator.identity();
                for (Object one : Json.array(step.get("decoders"), what + ", decoders")) {
                    UnaryOperator<List<String>> before = all;
                    UnaryOperator<List<String>> next = decoder(one, what);
                    all = pieces -> next.apply(before.apply(pieces));
                }
                yield all;
            }
            default ->
                throw TextSteps.unknown(
                        what,
                        "decoder",
                        step.get("type"),
                        "ByteLevel, Replace, ByteFallback, Fuse, Strip and Sequence");
        };
    }

    private static UnaryOperator<List<String>> strip(Map<String, @Nullable Object> step, String what) {
        String content = TextSteps.string(step, "content", what);
        long start = step.get("start") instanceof Long n ? n : 0;
        long stop = step.get("stop") instanceof Long n ? n : 0;
        return pieces -> pieces.stream()
                .map(piece -> {
                    int from = 0;
                    for (long i = 0; i < start && piece.startsWith(content, from); i++) {
                        from += content.length();
                    }
                    int end = piece.length();
                    for (long i = 0; i < stop && end - content.length() >= from; i++) {
                        if (!piece.startsWith(content, end - content.length())) {
                            break;
                        }
                        end -= content.length();
                    }
                    return piece.substring(from, end);
                })
                .toList();
    }

    /** Whether a piece is the token of a byte. */
    public static boolean isByte(String piece) {
        return piece.length() == 6
                && piece.startsWith("<0x")
                && piece.endsWith(">")
                && HexFormat.isHexDigit(piece.charAt(3))
                && HexFormat.isHexDigit(piece.charAt(4));
    }

    /** Each run of byte tokens as one text; where it is no UTF-8, as many U+FFFD as it has tokens. */
    private static List<String> joinBytes(List<String> pieces) {
        List<String> joined = new ArrayList<>();
        for (int i = 0; i < pieces.size(); ) {
            int start = i;
            while (i < pieces.size() && isByte(pieces.get(i))) {
                i++;
            }
            if (i == start) {
                joined.add(pieces.get(i++));
                continue;
            }
            byte[] bytes = new byte[i - start];
            for (int b = 0; b < bytes.length; b++) {
                bytes[b] = (byte) HexFormat.fromHexDigits(pieces.get(start + b), 3, 5);
            }
            try {
                joined.add(StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(bytes))
                        .toString());
            } catch (CharacterCodingException _) {
                joined.addAll(Collections.nCopies(bytes.length, "\uFFFD"));
            }
        }
        return joined;
    }
}
