package dev.fovea.text;

import dev.fovea.files.InputFile;
import dev.fovea.tensor.Lifetime;
import dev.fovea.text.bpe.ModelFiles;
import dev.fovea.text.bpe.TokenSteps;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;

/** The tokenizer of a Hugging Face directory, as the library computes it that transformers uses. */
final class HuggingFaceTokenizer implements Tokenizer {
    /** Florence-2 names no class; transformers has Roberta's for it, as for BART. */
    private static final Set<String> BYTE_LEVEL =
            Set.of("Qwen2Tokenizer", "GPT2Tokenizer", "RobertaTokenizer", "BartTokenizer", "");

    private final TokenizerJson json;
    private final TokenizerConfig config;
    private final TextEncoder encoder;
    private final TextEncoder.Lookup lookup;
    private final UnaryOperator<List<String>> decoder;
    private final Map<String, String> specialTokens;
    private final boolean cleansUp;
    private final Lifetime lifetime = new Lifetime(() -> {});

    private HuggingFaceTokenizer(TokenizerJson json, TokenizerConfig config, String what) {
        this.json = json;
        this.config = config;
        this.encoder = new TextEncoder(json, what);
        boolean splitsSpecial = config.flag("split_special_tokens");
        this.lookup = encoder.lookup(token -> splitsSpecial && token.special());
        this.decoder = isByteLevel(json) ? UnaryOperator.identity() : TokenSteps.decoder(json.get("decoder"), what);
        this.specialTokens = SpecialTokens.named(config, json);
        this.cleansUp = config.flag("clean_up_tokenization_spaces") && canBeCleaned();
    }

    /** A BPE's spaces are the text's own. */
    private boolean canBeCleaned() {
        return config.flag("clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output");
    }

    private static boolean isByteLevel(TokenizerJson json) {
        return json.get("decoder") instanceof Map<?, ?> decoder && "ByteLevel".equals(decoder.get("type"));
    }

    static Tokenizer open(Path directory, List<AddedToken> extra) {
        TokenizerConfig config = TokenizerConfig.read(directory);
        Path file = directory.resolve("tokenizer.json");
        boolean whole = Files.isRegularFile(file);
        String what = (whole ? file : directory.resolve("vocab.json")).toString();
        TokenizerJson json = TokenizerJson.of(
                whole
                        ? ModelFiles.tokenizerJson(InputFile.read(file, InputFile.TEXT_BYTES), what)
                        : BpeFiles.tokenizerFile(directory, config),
                what);
        return new HuggingFaceTokenizer(
                complete(whole ? withPrefixSpace(json, config) : json, config, extra), config, what);
    }

    /** Classes that build their pre-tokenizer anew, with the configuration's add_prefix_space, whatever the file has. */
    private static TokenizerJson withPrefixSpace(TokenizerJson json, TokenizerConfig config) {
        return BYTE_LEVEL.contains(config.tokenizerClass())
                ? json.withPrefixSpace(config.flag("add_prefix_space"))
                : json;
    }

    /** With the tokens that transformers adds to what tokenizer.json has, or makes special, when it opens the directory. */
    private static TokenizerJson complete(TokenizerJson json, TokenizerConfig config, List<AddedToken> extra) {
        Map<String, AddedToken> missing = new LinkedHashMap<>();
        // What added_tokens_decoder says of a token counts more than what tokenizer.json says.
        boolean decides = config.values().get("added_tokens_decoder") != null;
        for (AddedToken token : config.added()) {
            AddedToken known = json.added().get(token.content());
            if (known == null || (decides && !token.equals(known))) {
                missing.put(token.content(), token);
            }
        }
        List<String> special = new ArrayList<>(config.specialTokens().values());
        special.addAll(config.additional());
        for (String content : special) {
            AddedToken known = missing.getOrDefault(content, json.added().get(content));
            if (known == null || config.tokenizerClass().equals("Qwen2Tokenizer")) {
                missing.put(content, AddedToken.special(content));
            } else if (!known.special()) {
                missing.put(content, known.withSpecial());
            }
        }
        for (AddedToken token : extra) {
            if (!json.added().containsKey(token.content())) {
                missing.putIfAbsent(token.content(), token);
            }
        }
        return missing.isEmpty() ? json : json.with(missing.values());
    }

    @Override
    public int[] encode(String text, boolean addSpecialTokens) {
        try (var _ = use("tokenizer")) {
            return encoder.encode(text, lookup, addSpecialTokens);
        }
    }

    @Override
    public int[] encodeWithoutAddedTokens(String text) {
        try (var _ = use("tokenizer")) {
            return encoder.encode(text, TextEncoder.noLookup(), false);
        }
    }

    @Override
    public List<AddedToken> addedTokens() {
        return json.added().values().stream()
                .sorted(Comparator.comparingInt(t -> json.id(t.content()).orElse(0)))
                .toList();
    }

    @Override
    public Optional<List<String>> chatControlTokens() {
        return config.chatControlTokens();
    }

    @Override
    public String decode(int[] ids, boolean skipSpecialTokens) {
        return decode(ids, skipSpecialTokens, cleansUp);
    }

    @Override
    public String decode(int[] ids, boolean skipSpecialTokens, boolean cleanUpTokenizationSpaces) {
        try (var _ = use("tokenizer")) {
            IntFunction<String> pieces = pieces(skipSpecialTokens);
            String text = isByteLevel(json) ? bytes(ids, pieces) : decode(ids, pieces);
            return cleanUpTokenizationSpaces && canBeCleaned() ? CleanUp.apply(text) : text;
        }
    }

    /** The piece of an id; empty for ids that are dropped. */
    private IntFunction<String> pieces(boolean skipSpecialTokens) {
        return id -> skipSpecialTokens && json.isSpecial(id) ? "" : json.piece(id);
    }

    private static String bytes(int[] ids, IntFunction<String> pieces) {
        ByteLevelDetokenizer stream = new ByteLevelDetokenizer(pieces);
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(stream.add(id));
        }
        return text.append(stream.flush()).toString();
    }

    private String decode(int[] ids, IntFunction<String> pieces) {
        List<String> kept = Arrays.stream(ids)
                .mapToObj(pieces)
                .filter(piece -> !piece.isEmpty())
                .toList();
        return String.join("", decoder.apply(kept));
    }

    @Override
    public StreamingDetokenizer stream(boolean skipSpecialTokens) {
        IntFunction<String> pieces = pieces(skipSpecialTokens);
        StreamingDetokenizer raw = isByteLevel(json)
                ? new ByteLevelDetokenizer(pieces)
                : new PieceDetokenizer(pieces, ids -> decode(ids, pieces));
        return new LeasedDetokenizer(this, cleansUp ? new CleanUp(raw) : raw);
    }

    @Override
    public int size() {
        return json.size();
    }

    @Override
    public OptionalInt id(String token) {
        return json.id(token);
    }

    @Override
    public String piece(int id) {
        return json.piece(id);
    }

    @Override
    public byte[] bytes(int id) {
        return json.isSpecial(id) ? new byte[0] : TokenBytes.of(json, json.piece(id));
    }

    @Override
    public boolean isSpecial(int id) {
        return json.isSpecial(id);
    }

    @Override
    public Optional<String> bosToken() {
        return Optional.ofNullable(specialTokens.get("bos_token"));
    }

    @Override
    public Optional<String> eosToken() {
        return Optional.ofNullable(specialTokens.get("eos_token"));
    }

    @Override
    public Optional<String> padToken() {
        return Optional.ofNullable(specialTokens.get("pad_token"));
    }

    @Override
    public Optional<String> unkToken() {
        return Optional.ofNullable(specialTokens.get("unk_token"));
    }

    @Override
    public Map<String, Object> templateVariables() {
        return Map.copyOf(specialTokens);
    }

    @Override
    public Lifetime.Lease use(String what) {
        return lifetime.use(what);
    }

    @Override
    public void close() {
        lifetime.close();
    }
}
