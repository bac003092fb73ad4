package dev.fovea.text.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.io.Json;
import dev.fovea.text.Tokenizer;
import dev.fovea.text.grammar.JsonLanguageTest.Case;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which tokens the masks allow, against the automaton itself, for a byte-level vocabulary and one of SentencePiece. */
class TokenMasksTest {
    private static final long SEED = Long.getLong("fovea.test.seed", 17);
    private static final Map<String, Tokenizer> TOKENIZERS = new HashMap<>();
    private static final Map<String, TokenTrie> TRIES = new HashMap<>();
    private static final Map<TokenTrie, BitSet[]> BY_FIRST_BYTE = new HashMap<>();

    @BeforeAll
    static void open() {
        for (String name : List.of("qwen2_5_vl", "gemma3")) {
            Tokenizer tokenizer = Tokenizer.open(Path.of("src/test/resources/oracle", name, "base", "checkpoint"));
            TOKENIZERS.put(name, tokenizer);
            TokenTrie trie = TokenTrie.of(tokenizer);
            TRIES.put(name, trie);
            BY_FIRST_BYTE.put(trie, byFirstByte(trie));
        }
    }

    private static BitSet[] byFirstByte(TokenTrie trie) {
        BitSet[] ids = Stream.generate(BitSet::new).limit(256).toArray(BitSet[]::new);
        for (int id = 0; id < trie.tokens(); id++) {
            if (trie.bytes[id].length > 0) {
                ids[trie.bytes[id][0] & 255].set(id);
            }
        }
        return ids;
    }

    @AfterAll
    static void close() {
        TOKENIZERS.values().forEach(Tokenizer::close);
    }

    private static TokenMasks masks(String name, Case one) {
        return new TokenMasks(JsonLanguage.of(one.schema()), TRIES.get(name));
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen2_5_vl", "gemma3"})
    void tokensAreAllowedThatTheAutomatonTakesAndNoOthers(String name) {
        Random random = new Random(SEED);
        int complete = 0;
        for (Case one : JsonLanguageTest.cases().limit(100).toList()) {
            TokenMasks masks = masks(name, one);
            List<Integer> answer = new ArrayList<>();
            Position position = Position.start(masks.automaton());
            while (!position.isOver(masks.automaton()) && answer.size() < 20) {
                BitSet allowed = BitSet.valueOf(masks.allowed(position));
                assertThat(allowed)
                        .as("seed %d, schema %s, behind %s", SEED, one, answer)
                        .isEqualTo(taken(masks, TRIES.get(name), position));
                assertThat(allowed.isEmpty()).isFalse();
                int token = choice(allowed, TRIES.get(name), random);
                answer.add(token);
                position = position.after(masks.automaton(), masks.bytes(token));
            }
            if (position.isComplete(masks.automaton())) {
                complete++;
                String text = text(TRIES.get(name), answer);
                assertThat(TOKENIZERS
                                .get(name)
                                .decode(answer.stream().mapToInt(i -> i).toArray(), true))
                        .isEqualTo(text);
                assertThat(SchemaCheck.isValid(Json.parse(text, "an answer"), one.schema()))
                        .as("seed %d, schema %s, answer %s", SEED, one, text)
                        .isTrue();
            }
        }
        assertThat(complete).isGreaterThan(40);
    }

    /** Ends what it can soon: a short token now and then. */
    private static int choice(BitSet allowed, TokenTrie trie, Random random) {
        int[] all = allowed.stream().toArray();
        int[] closing = Arrays.stream(all)
                .filter(id -> "\"]}".indexOf(trie.bytes[id][0]) >= 0)
                .toArray();
        int[] from = closing.length > 0 && random.nextInt(3) > 0 ? closing : all;
        return from[random.nextInt(from.length)];
    }

    private static BitSet taken(TokenMasks masks, TokenTrie trie, Position position) {
        BitSet ids = new BitSet();
        for (int id = 0; id < trie.tokens(); id++) {
            if (trie.bytes[id].length > 0
                    && !position.after(masks.automaton(), trie.bytes[id]).isNowhere()) {
                ids.set(id);
            }
        }
        return ids;
    }

    private static String text(TokenTrie trie, List<Integer> ids) {
        java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();
        ids.forEach(id -> bytes.writeBytes(trie.bytes[id]));
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen2_5_vl", "gemma3"})
    void everyValidDocumentCanBeWrittenInAnyTokens(String name) {
        Random random = new Random(SEED);
        TokenTrie trie = TRIES.get(name);
        for (Case one : JsonLanguageTest.cases().skip(50).toList()) {
            TokenMasks masks = masks(name, one);
            for (String text : one.valid().subList(0, Math.min(3, one.valid().size()))) {
                byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
                for (int most : new int[] {1, 3, 100}) {
                    Position position = Position.start(masks.automaton());
                    int at = 0;
                    while (at < bytes.length) {
                        int token = tokenAt(trie, bytes, at, most, random);
                        assertThat(BitSet.valueOf(masks.allowed(position)).get(token))
                                .as("seed %d, schema %s, document %s at byte %d: %d", SEED, one, text, at, token)
                                .isTrue();
                        position = position.after(masks.automaton(), trie.bytes[token]);
                        at += trie.bytes[token].length;
                    }
                    assertThat(position.isComplete(masks.automaton())).isTrue();
                }
            }
        }
    }

    /** Some token that the bytes go on with. */
    private static int tokenAt(TokenTrie trie, byte[] bytes, int at, int most, Random random) {
        int[] fitting = BY_FIRST_BYTE.get(trie)[bytes[at] & 255].stream()
                .filter(id -> {
                    int n = trie.bytes[id].length;
                    return n <= most
                            && at + n <= bytes.length
                            && Arrays.equals(trie.bytes[id], 0, n, bytes, at, at + n);
                })
                .toArray();
        return fitting[random.nextInt(fitting.length)];
    }
}
