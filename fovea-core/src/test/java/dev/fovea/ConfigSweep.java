package dev.fovea;

import static dev.fovea.Content.image;
import static dev.fovea.Content.text;
import static dev.fovea.Message.user;

import dev.fovea.backend.shapes.ShapeBackend;
import dev.fovea.error.FoveaException;
import dev.fovea.error.Warnings;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.io.Config;
import dev.fovea.io.Json;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.Weights;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.Picture;
import dev.fovea.models.Family;
import dev.fovea.models.Inputs;
import dev.fovea.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A checkpoint whose configuration is changed key by key; each change is opened and asked for two tokens. */
final class ConfigSweep {
    private static final List<String> FILES = List.of(
            "config.json",
            "generation_config.json",
            "preprocessor_config.json",
            "processor_config.json",
            "video_preprocessor_config.json",
            "tokenizer_config.json");

    /** What became of a change: an answer, or an exception, and what was said on the way. */
    record Outcome(ConfigMutation mutation, Optional<Throwable> thrown, List<String> warnings) {
        boolean isAnswered() {
            return thrown.isEmpty();
        }

        /** A sentence about the value, from the place that knows what is right. */
        boolean isRefused() {
            return thrown.filter(FoveaException.class::isInstance).isPresent() && !isFenced();
        }

        boolean isFenced() {
            return thrown.filter(e -> String.valueOf(e.getMessage()).contains(Fence.UNUSABLE))
                    .isPresent();
        }

        @Override
        public String toString() {
            return mutation + ": " + thrown.map(Throwable::toString).orElse("answered");
        }
    }

    private final Path checkpoint;
    private final Path work;
    private final Map<String, Map<String, Object>> files = new LinkedHashMap<>();
    private final Map<String, Set<String>> ignored;

    /** @param work an empty folder, for the changed copies */
    ConfigSweep(Path checkpoint, Path work) throws IOException {
        this.checkpoint = checkpoint;
        this.work = work;
        ignored = ignored(checkpoint);
        try (Stream<Path> all = Files.list(checkpoint)) {
            for (Path file : all.toList()) {
                Files.copy(file, work.resolve(file.getFileName()));
            }
        }
        for (String name : FILES) {
            if (Files.exists(checkpoint.resolve(name))) {
                files.put(name, Json.parseObject(checkpoint.resolve(name)));
            }
        }
    }

    List<ConfigMutation> mutations() {
        List<ConfigMutation> all = new ArrayList<>();
        files.forEach((name, json) -> all.addAll(ConfigMutation.of(name, json)));
        return all;
    }

    /** Whether the code says of a key that it has no effect. */
    boolean isIgnored(ConfigMutation mutation) {
        return ignored.getOrDefault(mutation.file(), Set.of()).stream()
                .anyMatch(key -> mutation.key().equals(key) || mutation.key().startsWith(key + "."));
    }

    /** The keys that the model and the processor of the unchanged checkpoint list as ignored, by file. */
    private static Map<String, Set<String>> ignored(Path checkpoint) {
        ModelDirectory directory = ModelDirectory.open(checkpoint, Warnings.to(_ -> {}));
        Family family = Families.of(directory);
        family.load(directory.config(), Weights.shapesOnly(new ShapeBackend(), DType.FLOAT32));
        family.processor(directory);
        Map<String, Set<String>> keys = new HashMap<>();
        keys.put("config.json", directory.config().ignored().keySet());
        directory
                .processorConfig()
                .ifPresent(c -> keys.put("processor_config.json", c.ignored().keySet()));
        directory
                .preprocessorConfig()
                .ifPresent(c -> keys.put("preprocessor_config.json", c.ignored().keySet()));
        keys.put(
                "generation_config.json",
                directory.generationConfig().map(Config::keys).orElse(Set.of()).stream()
                        .filter(key -> !GenerationConfig.isRead(key))
                        .collect(Collectors.toSet()));
        return keys;
    }

    Outcome run(ConfigMutation mutation) throws IOException {
        Path file = work.resolve(mutation.file());
        Files.writeString(file, mutation.apply(files.get(mutation.file())));
        List<String> warnings = new ArrayList<>();
        try {
            answer(work, Warnings.to(warnings::add));
            return new Outcome(mutation, Optional.empty(), warnings);
        } catch (Throwable e) { // an error is what is looked for
            return new Outcome(mutation, Optional.of(e), warnings);
        } finally {
            Files.copy(checkpoint.resolve(mutation.file()), file, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** Opens a directory and lets it write two tokens, about a picture where it takes one. */
    private static void answer(Path directory, Warnings warnings) {
        LoadOptions options =
                LoadOptions.DEFAULT.withDevice("cpu:java").withThreads(1).withWarnings(warnings);
        try (Model model = Model.open(directory.toString(), options)) {
            Processor processor = AutoProcessor.fromPretrained(directory.toString(), warnings);
            model.generate(inputs(processor, isTextOnly(directory)), GenerationConfig.maxNewTokens(2));
        }
    }

    private static boolean isTextOnly(Path directory) {
        return !Json.parseObject(directory.resolve("config.json")).containsKey("vision_config");
    }

    private static Inputs inputs(Processor processor, boolean textOnly) {
        List<DecodedImage> pictures =
                textOnly ? List.of() : List.of(DecodedImage.of(new Picture(48, 40, new byte[48 * 40 * 3])));
        String prompt = "a";
        if (processor.hasChatTemplate()) {
            prompt = processor.applyChatTemplate(
                    List.of(textOnly ? user("a") : user(image(Path.of("a.png")), text("a"))));
        } else if (!processor.tasks().isEmpty()) {
            prompt = "<CAPTION>";
        }
        return processor.process(Optional.of(prompt), pictures, Map.of());
    }
}
