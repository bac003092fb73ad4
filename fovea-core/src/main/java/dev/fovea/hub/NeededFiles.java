package dev.fovea.hub;

import dev.fovea.io.ModelDirectory;
import dev.fovea.io.ModelFiles;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Which files of a repository a model is opened from: no code, no weights in a second format, no pictures of its page. */
final class NeededFiles {
    static final String CONFIG = "config.json";

    /** Of configuration, processor, tokenizer and chat template, as models are published and as save_pretrained writes them. */
    private static final List<String> SMALL = List.of(
            CONFIG,
            "generation_config.json",
            "preprocessor_config.json",
            "processor_config.json",
            "video_preprocessor_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "vocab.json",
            "merges.txt",
            "chat_template.jinja",
            "chat_template.json");

    private static final Pattern TEMPLATE = Pattern.compile("additional_chat_templates/[\\w.-]+\\.jinja");

    private NeededFiles() {}

    /**
     * Small ones first.
     *
     * @param paths of all files
     * @param files the same, to be looked into
     * @throws dev.fovea.error.InputException where they show that Fovea would not read the model
     */
    static List<String> of(Collection<String> paths, ModelFiles files) {
        List<String> weights = ModelDirectory.weightNames(files);
        return Stream.concat(small(paths), weights.stream()).distinct().toList();
    }

    /**
     * The same of its processor: all but weights.
     *
     * @throws dev.fovea.error.InputException where there is no configuration
     */
    static List<String> ofProcessor(Collection<String> paths, ModelFiles files) {
        ModelDirectory.requireConfig(files);
        return small(paths).toList();
    }

    /** Those but weights, among all files. */
    static Stream<String> small(Collection<String> paths) {
        return Stream.concat(
                SMALL.stream().filter(paths::contains),
                paths.stream().filter(path -> TEMPLATE.matcher(path).matches()).sorted());
    }

    /** What was looked for in vain. */
    static List<String> absent(ModelFiles files) {
        return SMALL.stream().filter(name -> !files.has(name)).toList();
    }
}
