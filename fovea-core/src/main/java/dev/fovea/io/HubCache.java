package dev.fovea.io;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.error.Warnings;
import dev.fovea.files.UserFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where a model lies: a directory, a demo model, or a hub id that the Hugging Face cache of this machine holds. The layout of the cache is
 * huggingface_hub's: {@code models--org--name/refs/REVISION} names a commit, {@code snapshots/COMMIT} is the directory, and {@code
 * .no_exist/COMMIT} marks what the repository was asked for and does not have.
 */
public final class HubCache {
    private static final Pattern ID = Pattern.compile("((?:[\\w.-]+/)?[\\w.-]+?)(?:@([\\w./-]+))?");
    private static final Pattern VARIABLE = Pattern.compile("\\$(\\w+|\\{[^}]*\\})");

    private final Path root;
    private final Warnings warnings;

    private HubCache(Path root, Warnings warnings) {
        this.root = root;
        this.warnings = warnings;
    }

    /**
     * @param model a directory, {@code demo} (see {@link DemoModels}), or {@code org/name[@revision]}
     * @throws InputException where neither is there; it says what was looked for
     */
    public static Path resolve(String model, Warnings warnings) {
        return DemoModels.named(model)
                .orElseGet(() -> resolve(
                        model,
                        root(
                                System.getenv(),
                                UserFolders.home().map(Path::toString).orElse("~")),
                        warnings));
    }

    static Path resolve(String model, Path root, Warnings warnings) {
        Path directory = directory(model);
        return Files.isDirectory(directory) ? directory : new HubCache(root, warnings).resolveId(model);
    }

    private static Path directory(String model) {
        try {
            return Path.of(model);
        } catch (InvalidPathException e) {
            throw new InputException("\"" + Quote.of(model) + "\" is no name of a directory", "", e);
        }
    }

    private Path resolveId(String model) {
        Matcher id = ID.matcher(model);
        if (!id.matches()) {
            throw new InputException("there is no directory " + Quote.of(model)
                    + ", and it is no hub id either; expected a model directory, org/name[@revision] or demo");
        }
        String revision = id.group(2) == null ? "main" : id.group(2);
        Path repository = root.resolve("models--" + id.group(1).replace("/", "--"));
        return snapshot(repository, revision)
                .orElseThrow(() -> new InputException(
                        "there is no directory " + Quote.of(model) + ", and the cache " + Quote.of(root)
                                + " does not hold that model at revision " + revision + known(repository),
                        "download it with \"hf download " + id.group(1)
                                + (id.group(2) == null ? "" : " --revision " + revision) + "\", or name a directory"));
    }

    private Optional<Path> snapshot(Path repository, String revision) {
        Path snapshots = repository.resolve("snapshots");
        Path ref = repository.resolve("refs").resolve(revision).normalize();
        try {
            String commit = ref.startsWith(repository) && Files.isRegularFile(ref)
                    ? Files.readString(ref).strip()
                    : revision;
            Path snapshot = snapshots.resolve(commit).normalize();
            boolean there = snapshots.equals(snapshot.getParent()) && Files.isDirectory(snapshot);
            return there
                    ? Optional.of(withoutMarked(
                            snapshot, repository.resolve(".no_exist").resolve(commit)))
                    : Optional.empty();
        } catch (IOException | InvalidPathException e) {
            throw new InputException("cannot read the cached model in " + Quote.of(repository), "download it again", e);
        }
    }

    /** The revisions that are there, for messages. */
    private static String known(Path repository) {
        List<String> names = new ArrayList<>();
        for (String folder : List.of("refs", "snapshots")) {
            Path path = repository.resolve(folder);
            if (Files.isDirectory(path)) {
                names.addAll(ModelDirectory.names(path));
            }
        }
        return names.isEmpty()
                ? ""
                : "; it has "
                        + ModelDirectory.some(names.stream().map(Quote::of).toList());
    }

    // ------------------------------------------------------------------------------------------------------ markers

    /**
     * The snapshot, where no file of it is marked as one that the repository does not have. Such a file was put in by hand, and transformers
     * does not see it: then a folder of links to all others.
     */
    private Path withoutMarked(Path snapshot, Path markers) throws IOException {
        List<Path> hidden = marked(snapshot, markers);
        if (hidden.isEmpty()) {
            return snapshot;
        }
        hidden.forEach(file -> warnings.warn(Quote.of(snapshot.resolve(file))
                + " is not used, as transformers does not use it: " + Quote.of(markers.resolve(file))
                + " says that the repository has no such file; delete the one or the other"));
        Path view = Files.createTempDirectory("fovea-snapshot-");
        view.toFile().deleteOnExit();
        link(snapshot, view, snapshot, hidden);
        return view;
    }

    /** Relative to the snapshot. */
    private static List<Path> marked(Path snapshot, Path markers) throws IOException {
        if (!Files.isDirectory(markers)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(markers)) {
            return files.filter(Files::isRegularFile)
                    .map(markers::relativize)
                    .filter(file -> Files.exists(snapshot.resolve(file)))
                    .toList();
        }
    }

    private static void link(Path from, Path to, Path snapshot, List<Path> hidden) throws IOException {
        for (String name : ModelDirectory.names(from)) {
            Path file = from.resolve(name);
            Path place = snapshot.relativize(file);
            Path link = to.resolve(name);
            if (hidden.contains(place)) {
                continue;
            }
            if (hidden.stream().anyMatch(h -> h.startsWith(place))) {
                Files.createDirectory(link).toFile().deleteOnExit();
                link(file, link, snapshot, hidden);
            } else {
                Files.createSymbolicLink(link, file.toAbsolutePath()).toFile().deleteOnExit();
            }
        }
    }

    // --------------------------------------------------------------------------------------------------------- root

    /** Where huggingface_hub has its cache, by the same variables in the same order. */
    static Path root(Map<String, String> environment, String userHome) {
        String home = environment.getOrDefault("HOME", userHome);
        String caches = environment.getOrDefault("XDG_CACHE_HOME", home + "/.cache");
        String hubHome = expanded(environment.getOrDefault("HF_HOME", caches + "/huggingface"), environment, home);
        String older = environment.getOrDefault("HUGGINGFACE_HUB_CACHE", hubHome + "/hub");
        return directory(expanded(environment.getOrDefault("HF_HUB_CACHE", older), environment, home));
    }

    /** Python's expandvars(expanduser(path)), without the homes of other users. */
    private static String expanded(String path, Map<String, String> environment, String home) {
        boolean ofHome = path.equals("~") || path.startsWith("~/");
        Matcher variable = VARIABLE.matcher(ofHome ? home + path.substring(1) : path);
        return variable.replaceAll(found -> {
            String name = found.group(1).startsWith("{")
                    ? found.group(1).substring(1, found.group(1).length() - 1)
                    : found.group(1);
            return Matcher.quoteReplacement(environment.getOrDefault(name, found.group()));
        });
    }
}
