package dev.fovea.io;

import dev.fovea.error.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a model lies: a directory, a demo model, or a hub id that the Hugging Face cache of this machine holds. The layout of the cache is
 * huggingface_hub's: {@code models--org--name/refs/REVISION} names a commit, {@code snapshots/COMMIT} is the directory.
 */
public final class HubCache {
    private static final Pattern ID = Pattern.compile("([\\w.-]+)/([\\w.-]+?)(?:@([\\w./-]+))?");

    private HubCache() {}

    /**
     * @param model a directory, {@code demo} (see {@link DemoModels}), or {@code org/name[@revision]}
     * @throws InputException where neither is there; it says what was looked for
     */
    public static Path resolve(String model) {
        return DemoModels.named(model).orElseGet(() -> resolve(model, root()));
    }

    static Path resolve(String model, Path root) {
        Path directory = Path.of(model);
        if (Files.isDirectory(directory)) {
            return directory;
        }
        Matcher id = ID.matcher(model);
        if (!id.matches()) {
            throw new InputException("there is no directory " + model
                    + ", and it is no hub id either; expected a model directory, org/name[@revision] or demo");
        }
        String revision = id.group(3) == null ? "main" : id.group(3);
        Path repository = root.resolve("models--" + id.group(1) + "--" + id.group(2));
        return snapshot(repository, revision)
                .orElseThrow(() -> new InputException(
                        "there is no directory " + model + ", and the cache " + root
                                + " does not hold that model at revision " + revision,
                        "download it with \"hf download " + id.group(1) + "/" + id.group(2)
                                + "\", or name a directory"));
    }

    private static Optional<Path> snapshot(Path repository, String revision) {
        Path snapshots = repository.resolve("snapshots");
        Path ref = repository.resolve("refs").resolve(revision).normalize();
        try {
            String commit = ref.startsWith(repository) && Files.isRegularFile(ref)
                    ? Files.readString(ref).strip()
                    : revision;
            Path snapshot = snapshots.resolve(commit).normalize();
            return snapshot.startsWith(snapshots) && Files.isDirectory(snapshot)
                    ? Optional.of(snapshot)
                    : Optional.empty();
        } catch (IOException e) {
            throw new InputException("cannot read " + ref + ": " + e, "", e);
        }
    }

    /** HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub. */
    private static Path root() {
        String cache = System.getenv("HF_HUB_CACHE");
        if (cache != null) {
            return Path.of(cache);
        }
        String home = System.getenv("HF_HOME");
        return home != null
                ? Path.of(home, "hub")
                : Path.of(System.getProperty("user.home"), ".cache", "huggingface", "hub");
    }
}
