package dev.fovea;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.hub.ModelId;
import dev.fovea.hub.PullOptions;
import dev.fovea.hub.Puller;
import dev.fovea.io.Config;
import dev.fovea.io.DemoModels;
import dev.fovea.io.ModelFiles;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/**
 * Models by name: on the Hugging Face hub, on ModelScope, and in the caches of both that this machine has.
 *
 * <pre>{@code
 * Path directory = Hub.pull("Qwen/Qwen2.5-VL-3B-Instruct");
 * }</pre>
 *
 * Threads and processes may use it at once, Python's among them.
 */
public final class Hub {
    private Hub() {}

    /** As the environment says, without a listener. */
    public static Path pull(String model) {
        return pull(model, PullOptions.DEFAULT);
    }

    /**
     * The directory of a model; what is not in the cache is fetched. Of a branch the hub is asked whether it is still what it was, with
     * one request; of a commit that is here, and offline, nobody is asked.
     *
     * @param model {@code org/name[@revision]}, {@code modelscope:org/name[@revision]}, a directory, or {@code demo}
     * @throws InputException where there is no such model, it is not for this user, or is none that Fovea reads; nothing large is
     *     fetched then
     * @throws dev.fovea.error.NetworkException where something is missing and cannot be fetched; what has come so far is kept
     */
    public static Path pull(String model, PullOptions options) {
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(options, "options");
        Optional<Path> here = DemoModels.named(model).or(() -> directory(model));
        if (here.isPresent()) {
            return here.get();
        }
        ModelId id = ModelId.parse(model)
                .orElseThrow(() -> new InputException("there is no directory " + Quote.of(model)
                        + ", and it is no hub id either; expected a model directory, org/name[@revision] or demo"));
        return Puller.pull(id, options, Hub::refuseUnknown);
    }

    private static Optional<Path> directory(String model) {
        try {
            return Optional.of(Path.of(model)).filter(Files::isDirectory);
        } catch (InvalidPathException e) {
            throw new InputException("\"" + Quote.of(model) + "\" is no name of a directory", "", e);
        }
    }

    private static void refuseUnknown(ModelFiles files) {
        String type =
                Config.of(files.json("config.json"), files + "/config.json").string("model_type");
        Families.of(type, files);
    }
}
