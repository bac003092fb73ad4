package dev.fovea.text;

import dev.fovea.files.InputFile;
import dev.fovea.io.Json;
import dev.fovea.io.Opening;
import dev.fovea.tensor.Lifetime;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** The tokenizer of a Hugging Face directory, by the library that transformers uses too. */
final class HuggingFaceTokenizer implements Tokenizer {
    /** Florence-2 names no class; transformers has Roberta's for it, as for BART. */
    private static final Set<String> BYTE_LEVEL =
            Set.of("Qwen2Tokenizer", "GPT2Tokenizer", "RobertaTokenizer", "BartTokenizer", "");

    private final NativeTokenizer library;
    private final TokenizerJson json;
    private final TokenizerConfig config;
    private final String what;
    private final Map<String, String> specialTokens;
    private final boolean cleansUp;

    /** Looks for those added tokens only that are not special: what split_special_tokens encodes by. */
    private final Optional<NativeTokenizer> splitting;

    /** Looks for no added token; opened when first used, since few programs do. */
    private final AtomicReference<@Nullable NativeTokenizer> plain = new AtomicReference<>();

    private HuggingFaceTokenizer(NativeTokenizer library, TokenizerJson json, TokenizerConfig config, String what) {
        this.library = library;
        this.json = json;
        this.config = config;
        this.what = what;
        this.specialTokens = SpecialTokens.named(config, json);
        this.cleansUp = config.flag("clean_up_tokenization_spaces") && canBeCleaned();
        this.splitting = config.flag("split_special_tokens")
                ? Optional.of(library.adopt(open(json.matching(token -> !token.special(), what), what)))
                : Optional.empty();
    }

    private boolean canBeCleaned() {
        return !json.isBpe() || config.flag("clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output");
    }

    private static NativeTokenizer open(TokenizerJson json, String what) {
        return new NativeTokenizer(json.write(), what);
    }

    static Tokenizer open(Path directory, List<AddedToken> extra) {
        TokenizerConfig config = TokenizerConfig.read(directory);
        Path file = directory.resolve("tokenizer.json");
        if (Files.isRegularFile(file)) {
            return open(file, config, extra);
        }
        String what = directory.resolve("vocab.json").toString();
        TokenizerJson built = new TokenizerJson(BpeFiles.tokenizerJson(directory, config), what);
        TokenizerJson json = complete(built, config, extra, what);
        return new HuggingFaceTokenizer(open(json, what), json, config, what);
    }

    private static Tokenizer open(Path file, TokenizerConfig config, List<AddedToken> extra) {
        String text = InputFile.readText(file);
        String what = file.toString();
        // The library takes as long to read the text as we do: side by side, on the guess that no token is missing.
        try (var guess = Opening.of(() -> new NativeTokenizer(text, what), NativeTokenizer::close)) {
            TokenizerJson asWritten = new TokenizerJson(Json.object(Json.parse(text, what), what), what);
            TokenizerJson json = complete(withPrefixSpace(asWritten, config, what), config, extra, what);
            NativeTokenizer library = guess.take();
            if (json == asWritten) {
                return new HuggingFaceTokenizer(library, json, config, what);
            }
            library.close();
            return new HuggingFaceTokenizer(open(json, what), json, config, what);
        }
    }

    /** Classes that build their pre-tokenizer anew, with the configuration's add_prefix_space, whatever the file has. */
    private static TokenizerJson withPrefixSpace(TokenizerJson json, TokenizerConfig config, String what) {
        return BYTE_LEVEL.contains(config.tokenizerClass())
                ? json.withPrefixSpace(config.flag("add_prefix_space"), what)
                : json;
    }

    /** With the tokens that transformers adds to what tokenizer.json has, or makes special, when it opens the directory. */
    private static TokenizerJson complete(
            TokenizerJson json, TokenizerConfig config, List<AddedToken> extra, String what) {
        Map<String, AddedToken> missing = new LinkedHashMap<>();
        for (AddedToken token : config.added()) {
            if (!json.added().containsKey(token.content())) {
                missing.put(token.content(), token);
            }
        }
        List<String> special = new ArrayList<>(config.specialTokens().values());
        special.addAll(config.additional());
        for (String content : special) {
            AddedToken known = missing.getOrDefault(content, json.added().get(content));
            if (known == null || !known.special()) {
                missing.put(content, AddedToken.special(content));
            }
        }
        for (AddedToken token : extra) {
            if (!json.added().containsKey(token.content())) {
                missing.putIfAbsent(token.content(), token);
            }
        }
        return missing.isEmpty() ? json : json.with(missing.values(), what);
    }

    @Override
    public int[] encode(String text, boolean addSpecialTokens) {
        try (var _ = use("tokenizer")) {
            return splitting.orElse(library).encode(text, addSpecialTokens);
        }
    }

    @Override
    public int[] encodeWithoutAddedTokens(String text) {
        try (var _ = use("tokenizer")) {
            return plain().encode(text, false);
        }
    }

    private NativeTokenizer plain() {
        synchronized (plain) {
            NativeTokenizer opened = plain.get();
            if (opened == null) {
                opened = library.adopt(open(json.matching(_ -> false, what), what));
                plain.set(opened);
            }
            return opened;
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
        String text = library.decode(ids, skipSpecialTokens);
        return cleansUp ? CleanUp.apply(text) : text;
    }

    @Override
    public String decode(int[] ids, boolean skipSpecialTokens, boolean cleanUpTokenizationSpaces) {
        String text = library.decode(ids, skipSpecialTokens);
        return cleanUpTokenizationSpaces && canBeCleaned() ? CleanUp.apply(text) : text;
    }

    @Override
    public StreamingDetokenizer stream(boolean skipSpecialTokens) {
        IntFunction<String> pieces = id -> skipSpecialTokens && json.isSpecial(id) ? "" : json.piece(id);
        StreamingDetokenizer raw = json.decoderType().equals("ByteLevel")
                ? new ByteLevelDetokenizer(pieces)
                : new PieceDetokenizer(pieces, ids -> library.decode(ids, false));
        return new LeasedDetokenizer(library, cleansUp ? new CleanUp(raw) : raw);
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
        return library.use(what);
    }

    @Override
    public void close() {
        library.close();
    }
}
