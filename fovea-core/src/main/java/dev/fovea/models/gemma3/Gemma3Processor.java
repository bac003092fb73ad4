package dev.fovea.models.gemma3;

import dev.fovea.error.InputException;
import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.Range;
import dev.fovea.media.DecodedImage;
import dev.fovea.models.Inputs;
import dev.fovea.models.ModelProcessor;
import dev.fovea.models.TextArguments;
import dev.fovea.text.ChatTemplates;
import dev.fovea.text.ControlTokens;
import dev.fovea.text.Tokenizer;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Gemma3Processor of transformers. A placeholder becomes a run of soft tokens between newlines while the prompt is still a
 * text, since the newlines around it merge with those of the prompt into single tokens.
 */
final class Gemma3Processor implements ModelProcessor {
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplates> chatTemplates;
    private final Gemma3ImageProcessor images;
    private final String startOfImage;
    private final String imageSequence;

    /** What a user wrote is none. */
    private final Pattern placeholder;

    Gemma3Processor(ModelDirectory directory) {
        tokenizer = Tokenizer.open(directory.path());
        chatTemplates = ChatTemplates.find(directory.path());
        int tokens = imageSeqLength(directory);
        images = Gemma3ImageProcessor.of(directory.imageProcessor(), tokens);
        startOfImage = token("boi_token", "<start_of_image>");
        placeholder = ControlTokens.unmarked(startOfImage);
        imageSequence = "\n\n" + startOfImage
                + token("image_token", "<image_soft_token>").repeat(tokens) + token("eoi_token", "<end_of_image>")
                + "\n\n";
    }

    /** Rows of the prompt that a picture takes. */
    static int imageSeqLength(ModelDirectory directory) {
        return directory
                .processorConfig()
                .map(c -> c.integer("image_seq_length", 256, Range.SIZE))
                .orElse(256);
    }

    private String token(String name, String otherwise) {
        return (String) tokenizer.templateVariables().getOrDefault(name, otherwise);
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
    public Inputs.Row process(Optional<String> text, List<DecodedImage> pictures, Config options) {
        Gemma3ImageProcessor processor = images.with(options);
        List<Inputs.Visual> visuals =
                pictures.stream().map(p -> processor.process(p.rgbOverWhite())).toList();
        String prompt = text.orElseGet(() -> String.join(" ", Collections.nCopies(pictures.size(), startOfImage)));
        return new Inputs.Row(
                prompt, TextArguments.of(options).encode(tokenizer, expand(prompt, visuals)), visuals, List.of());
    }

    private String expand(String prompt, List<Inputs.Visual> visuals) {
        String[] parts = placeholder.split(prompt, -1);
        if (parts.length - 1 != visuals.size()) {
            throw new InputException(
                    "the prompt has " + (parts.length - 1) + " image placeholders and comes with " + visuals.size()
                            + " images",
                    "name each image once in the messages");
        }
        StringBuilder expanded = new StringBuilder(parts[0]);
        for (int i = 0; i < visuals.size(); i++) {
            int crops = visuals.get(i).pixelValues().shape()[0] - 1;
            expanded.append(crops == 0 ? imageSequence : withCrops(crops)).append(parts[i + 1]);
        }
        return expanded.toString();
    }

    private String withCrops(int crops) {
        return "Here is the original image " + imageSequence + " and here are some crops to help you see better "
                + String.join(" ", Collections.nCopies(crops, imageSequence));
    }
}
