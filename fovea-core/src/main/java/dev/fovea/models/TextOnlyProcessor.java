package dev.fovea.models;

import dev.fovea.error.InputException;
import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.media.DecodedImage;
import dev.fovea.text.ChatTemplates;
import dev.fovea.text.Tokenizer;
import java.util.List;
import java.util.Optional;

/** The tokenizer of a text-only directory, which is what transformers' AutoProcessor opens for it. */
public final class TextOnlyProcessor implements ModelProcessor {
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplates> chatTemplates;
    private final String withoutPictures;

    public TextOnlyProcessor(ModelDirectory directory) {
        this(directory, "leave the pictures out");
    }

    /** @param withoutPictures what to do where pictures come along */
    public TextOnlyProcessor(ModelDirectory directory, String withoutPictures) {
        this.withoutPictures = withoutPictures;
        tokenizer = Tokenizer.open(directory.path());
        chatTemplates = ChatTemplates.ofTokenizer(directory.path());
    }

    @Override
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    @Override
    public Optional<ChatTemplates> chatTemplates() {
        return chatTemplates;
    }

    @Override
    public boolean isTokenizer() {
        return true;
    }

    @Override
    public Inputs.Row process(Optional<String> text, List<DecodedImage> pictures, Config options) {
        options.ignore("rows are never padded", "padding", "padding_side");
        if (!pictures.isEmpty()) {
            throw new InputException(
                    "this model reads text only; it is given " + pictures.size()
                            + (pictures.size() == 1 ? " picture" : " pictures"),
                    withoutPictures);
        }
        String prompt = text.orElseThrow(() -> new InputException("this model needs a text"));
        return new Inputs.Row(prompt, TextArguments.of(options).encode(tokenizer, prompt), List.of(), List.of());
    }
}
