package dev.fovea.models.gemma3;

import dev.fovea.error.InputException;
import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.media.DecodedImage;
import dev.fovea.models.Inputs;
import dev.fovea.models.ModelProcessor;
import dev.fovea.models.TextArguments;
import dev.fovea.text.ChatTemplates;
import dev.fovea.text.Tokenizer;
import java.util.List;
import java.util.Optional;

/** The tokenizer of a text-only model, which is what transformers' AutoProcessor opens for it. */
final class Gemma3TextProcessor implements ModelProcessor {
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplates> chatTemplates;

    Gemma3TextProcessor(ModelDirectory directory) {
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
        if (!pictures.isEmpty()) {
            throw new InputException(
                    "this model reads text only; it is given " + pictures.size()
                            + (pictures.size() == 1 ? " picture" : " pictures"),
                    "leave the pictures out, or open a Gemma 3 of 4B or more");
        }
        String prompt = text.orElse("");
        return new Inputs.Row(prompt, TextArguments.of(options).encode(tokenizer, prompt), List.of(), List.of());
    }
}
