package dev.fovea.io;

import dev.fovea.error.InputException;
import dev.fovea.error.Reason;
import dev.fovea.ffi.Unpacking;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The two small trained models that come with Fovea, in the artifact {@code fovea-demo}: {@code demo} or {@code demo:chat}, a
 * Qwen2.5-VL, and {@code demo:finder}, a Florence-2. Weights are mapped, which asks for files: what lies in a jar is copied into the
 * user's cache once.
 *
 * <p>Threads and processes may share it.
 */
public final class DemoModels {
    /** What names the chat model, and {@code demo:} in front of a model's own name. */
    public static final String DEMO = "demo";

    /** The model that finds things. */
    public static final String FINDER = "demo:finder";

    private static final List<String> NAMES = List.of("chat", "finder");
    private static final List<String> PICTURES = List.of("pictures/one.png", "pictures/two.png");
    private static final List<String> FILES = Stream.of(
                    Stream.of(
                                    "config",
                                    "generation_config",
                                    "preprocessor_config",
                                    "tokenizer",
                                    "tokenizer_config",
                                    "vocab")
                            .flatMap(file -> NAMES.stream().map(model -> model + "/" + file + ".json")),
                    NAMES.stream().map(model -> model + "/model.safetensors"),
                    Stream.of("chat/merges.txt", "chat/chat_template.json"),
                    PICTURES.stream())
            .flatMap(files -> files)
            .toList();

    private DemoModels() {}

    /**
     * The directory of a demo model.
     *
     * @param model a MODEL; a directory of the name {@code demo} is named {@code ./demo}
     * @return empty where it names no demo model
     * @throws InputException for an unknown one, or where {@code fovea-demo} is not on the class path
     */
    public static Optional<Path> named(String model) {
        if (!model.equals(DEMO) && !model.startsWith(DEMO + ":")) {
            return Optional.empty();
        }
        String name = model.equals(DEMO) ? NAMES.getFirst() : model.substring(DEMO.length() + 1);
        if (!NAMES.contains(name)) {
            throw new InputException(
                    "there is no demo model " + name + "; known: demo (which is demo:chat), demo:finder");
        }
        return Optional.of(folder().resolve(name));
    }

    /** The two pictures that the demo shows. */
    public static List<Path> pictures() {
        Path folder = folder();
        return PICTURES.stream().map(folder::resolve).toList();
    }

    /** Where models and pictures lie as files. */
    private static Path folder() {
        try {
            return Unpacking.unpack("demo", "dev/fovea/demo", FILES)
                    .orElseThrow(() -> new InputException(
                            "the demo models are not on the class path", "add the dependency dev.fovea:fovea-demo"))
                    .getFirst()
                    .resolve("../..")
                    .normalize();
        } catch (IOException e) {
            throw new InputException(
                    "cannot unpack the demo models: " + Reason.of(e),
                    "-Dfovea.cache=DIR names a folder that they can go to",
                    e);
        }
    }
}
