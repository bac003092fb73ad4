package dev.fovea;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.hub.CacheFolder;
import dev.fovea.hub.CachedModel;
import dev.fovea.hub.ModelId;
import dev.fovea.hub.Outline;
import dev.fovea.hub.PullOptions;
import dev.fovea.hub.Puller;
import dev.fovea.hub.Verdict;
import dev.fovea.io.Config;
import dev.fovea.io.DemoModels;
import dev.fovea.io.ModelFiles;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

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
     *     fetched then. Also where it is not here, or not all of it, and a variable forbids to fetch it
     * @throws dev.fovea.error.NetworkException where something is missing and cannot be fetched; what has come so far is kept
     */
    public static Path pull(String model, PullOptions options) {
        return here(model, options).orElseGet(() -> Puller.pull(id(model), options, Hub::refuseUnknown));
    }

    /** The same of what a model's shapes are read from: where the weights are not here, and their headers will do, those alone. */
    static Outline outline(String model, PullOptions options) {
        return here(model, options)
                .map(directory -> new Outline(directory, List.of()))
                .orElseGet(() -> Puller.outline(id(model), options, Hub::refuseUnknown));
    }

    private static Optional<Path> here(String model, PullOptions options) {
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(options, "options");
        if (model.isEmpty()) {
            throw new InputException("the model's name is empty", "the current directory is \".\"");
        }
        return DemoModels.named(model).or(() -> directory(model));
    }

    private static ModelId id(String model) {
        return ModelId.parse(model)
                .orElseThrow(() -> new InputException("there is no directory " + Quote.of(model)
                        + ", and it is no hub id either; expected a model directory, org/name[@revision] or demo"));
    }

    /** The models that the caches hold, by name: one for each revision. Headers of weights are read, and nothing is asked. */
    public static List<CachedModel> list() {
        return list(PullOptions.DEFAULT);
    }

    /** @param options of which the environment counts */
    public static List<CachedModel> list(PullOptions options) {
        Objects.requireNonNull(options, "options");
        return CacheFolder.list(options, Hub::refuseUnknown);
    }

    /**
     * Deletes a model from its cache, all of it, or the revision that is named; bytes that another revision uses stay.
     *
     * @return bytes that are free now
     * @throws InputException where it is not there, or is being fetched
     */
    public static long remove(String model, PullOptions options) {
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(options, "options");
        return CacheFolder.remove(ModelId.of(model), options);
    }

    /**
     * Takes the sums of a model's files, and compares them with those that the hub gave.
     *
     * @param listener gets the name of each file before it is read
     * @return what each file is, by name
     * @throws InputException where the model is not there
     */
    public static Map<String, Verdict> verify(String model, PullOptions options, Consumer<String> listener) {
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(options, "options");
        Objects.requireNonNull(listener, "listener");
        return CacheFolder.verify(ModelId.of(model), options, listener);
    }

    /**
     * Fetches anew what is damaged or missing.
     *
     * @param verdicts of {@link #verify}
     * @return the model's directory
     */
    public static Path repair(String model, PullOptions options, Map<String, Verdict> verdicts) {
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(options, "options");
        Objects.requireNonNull(verdicts, "verdicts");
        CacheFolder.forget(ModelId.of(model), options, verdicts);
        return pull(model, options);
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
