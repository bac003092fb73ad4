package dev.fovea.text;

import dev.fovea.error.InputException;
import dev.fovea.files.InputFile;
import dev.fovea.io.Json;
import dev.fovea.text.bpe.Merges;
import dev.fovea.text.bpe.ModelFiles;
import dev.fovea.text.bpe.ModelFiles.TokenizerFile;
import dev.fovea.text.bpe.Vocabulary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The tokenizer.json of a directory that has only vocab.json and merges.txt: a byte-level BPE as transformers builds it
 * (convert_slow_tokenizer.py), by the class that tokenizer_config.json names.
 */
final class BpeFiles {
    private static final String QWEN2_PATTERN = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private BpeFiles() {}

    static TokenizerFile tokenizerFile(Path directory, TokenizerConfig config) {
        Path vocabFile = directory.resolve("vocab.json");
        Path mergesFile = directory.resolve("merges.txt");
        if (!Files.isRegularFile(vocabFile) || !Files.isRegularFile(mergesFile)) {
            throw new InputException(
                    directory + " has no tokenizer.json, and not both of vocab.json and merges.txt",
                    "AutoTokenizer.from_pretrained(…).save_pretrained(…) of transformers writes a tokenizer.json");
        }
        Vocabulary vocab = ModelFiles.vocabJson(InputFile.read(vocabFile, InputFile.TEXT_BYTES), vocabFile.toString());
        boolean qwen2 = config.tokenizerClass().equals("Qwen2Tokenizer");
        boolean prefixSpace = Boolean.TRUE.equals(config.values().get("add_prefix_space"));
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("version", "1.0");
        json.put("added_tokens", addedTokens(directory, config, vocab));
        json.put("normalizer", qwen2 ? Map.of("type", "NFC") : null);
        json.put("pre_tokenizer", qwen2 ? qwen2Split(prefixSpace) : byteLevel(prefixSpace, true));
        json.put("post_processor", postProcessor(config, vocab));
        json.put("decoder", byteLevel(prefixSpace, true));
        json.put("model", Map.of("type", "BPE"));
        Merges merges =
                ModelFiles.mergesText(InputFile.read(mergesFile, InputFile.TEXT_BYTES), vocab, mergesFile.toString());
        return new TokenizerFile(json, vocab, merges);
    }

    private static Map<String, Object> byteLevel(boolean prefixSpace, boolean useRegex) {
        return Map.of(
                "type", "ByteLevel", "add_prefix_space", prefixSpace, "trim_offsets", true, "use_regex", useRegex);
    }

    private static Map<String, Object> qwen2Split(boolean prefixSpace) {
        Map<String, Object> split = Map.of(
                "type", "Split", "pattern", Map.of("Regex", QWEN2_PATTERN), "behavior", "Isolated", "invert", false);
        return Map.of("type", "Sequence", "pretokenizers", List.of(split, byteLevel(prefixSpace, false)));
    }

    /** RoBERTa and BART wrap a text in both tokens; GPT-2's class puts its bos in front where add_bos_token says so. */
    private static @Nullable Object postProcessor(TokenizerConfig config, Vocabulary vocab) {
        Map<String, String> names = config.specialTokens();
        if (config.tokenizerClass().startsWith("Roberta")
                || config.tokenizerClass().startsWith("Bart")) {
            String cls = names.getOrDefault("cls_token", "<s>");
            String sep = names.getOrDefault("sep_token", "</s>");
            return Map.of(
                    "type", "RobertaProcessing",
                    "sep", List.of(sep, id(vocab, sep)),
                    "cls", List.of(cls, id(vocab, cls)),
                    "trim_offsets", true,
                    "add_prefix_space", Boolean.TRUE.equals(config.values().get("add_prefix_space")));
        }
        String bos = names.get("bos_token");
        if (bos == null || !Boolean.TRUE.equals(config.values().get("add_bos_token"))) {
            return null;
        }
        Object token = Map.of("SpecialToken", Map.of("id", bos, "type_id", 0L));
        Object first = Map.of("Sequence", Map.of("id", "A", "type_id", 0L));
        Object second = Map.of("Sequence", Map.of("id", "B", "type_id", 1L));
        return Map.of(
                "type", "TemplateProcessing",
                "single", List.of(token, first),
                "pair", List.of(token, first, second),
                "special_tokens",
                        Map.of(bos, Map.of("id", bos, "ids", List.of(id(vocab, bos)), "tokens", List.of(bos))));
    }

    private static long id(Vocabulary vocab, String token) {
        int id = vocab.id(token);
        if (id < 0) {
            throw new InputException("vocab.json has no token " + token + ", which the tokenizer puts around a text");
        }
        return id;
    }

    /** The added_tokens.json of checkpoints older than added_tokens_decoder; those that are special are named elsewhere. */
    private static List<Object> addedTokens(Path directory, TokenizerConfig config, Vocabulary vocab) {
        List<Object> tokens = new ArrayList<>();
        Path file = directory.resolve("added_tokens.json");
        if (!config.added().isEmpty() || !Files.isRegularFile(file)) {
            return tokens;
        }
        Json.parseObject(file).entrySet().stream()
                .filter(e -> vocab.id(e.getKey()) < 0 && e.getValue() instanceof Long)
                .sorted(Comparator.comparingLong(e -> (Long) e.getValue()))
                .forEach(e -> tokens.add(Map.of(
                        "id",
                        e.getValue(),
                        "content",
                        e.getKey(),
                        "single_word",
                        false,
                        "lstrip",
                        false,
                        "rstrip",
                        false,
                        "normalized",
                        false,
                        "special",
                        false)));
        return tokens;
    }
}
