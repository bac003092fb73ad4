package dev.fovea.hub;

import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.error.Warnings;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.ModelFiles;
import dev.fovea.io.WeightFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** What the caches of this machine hold. */
public final class CacheFolder {
    private CacheFolder() {}

    /**
     * All models, by name.
     *
     * @param check refuses families that Fovea does not know
     * @throws InputException where a cache cannot be read
     */
    public static List<CachedModel> list(PullOptions options, Consumer<ModelFiles> check) {
        List<CachedModel> all = new ArrayList<>();
        Path cache = options.environment.cache();
        try {
            for (Path repository : folders(cache)) {
                String folder = repository.getFileName().toString();
                if (folder.startsWith("models--")) {
                    String name = folder.substring("models--".length()).replace("--", "/");
                    for (Path snapshot : folders(repository.resolve("snapshots"))) {
                        String commit = snapshot.getFileName().toString();
                        List<String> revisions = refs(repository).entrySet().stream()
                                .filter(e -> e.getValue().equals(commit))
                                .map(Map.Entry::getKey)
                                .toList();
                        all.add(model(name, commit, revisions, snapshot, check));
                    }
                }
            }
            Path modelScope = options.environment.modelScopeCache().resolve("models");
            for (Path repository : folders(modelScope)) {
                String name = repository.getFileName().toString().replace("--", "/");
                for (Path snapshot : folders(repository.resolve("snapshots"))) {
                    String revision = snapshot.getFileName().toString();
                    all.add(model("modelscope:" + name, revision, List.of(revision), snapshot, check));
                }
            }
            for (Map.Entry<String, Path> former : ModelScopeStore.former(options.environment.modelScopeCache())
                    .entrySet()) {
                all.add(model(
                        "modelscope:" + former.getKey(),
                        ModelId.MODELSCOPE_BRANCH,
                        List.of(),
                        former.getValue(),
                        check));
            }
        } catch (IOException e) {
            throw InputException.cannot("list", cache, e);
        }
        all.sort(Comparator.comparing(CachedModel::name).thenComparing(CachedModel::commit));
        return List.copyOf(all);
    }

    static List<Path> folders(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Files::isDirectory).sorted().toList();
        }
    }

    /** Commits by branches and tags. */
    static Map<String, String> refs(Path repository) throws IOException {
        Path refs = repository.resolve("refs");
        Map<String, String> commits = new LinkedHashMap<>();
        if (Files.isDirectory(refs)) {
            try (Stream<Path> files = Files.walk(refs)) {
                for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                    String name = refs.relativize(file).toString().replace('\\', '/');
                    HubStore.commitIn(file).ifPresent(commit -> commits.put(name, commit));
                }
            }
        }
        return commits;
    }

    private static CachedModel model(
            String name, String commit, List<String> revisions, Path snapshot, Consumer<ModelFiles> check)
            throws IOException {
        long bytes = 0;
        Instant used = Instant.EPOCH;
        for (Path file : files(snapshot)) {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            bytes += attributes.size();
            FileTime read = attributes.lastAccessTime();
            used = read.toInstant().isAfter(used) ? read.toInstant() : used;
        }
        return new CachedModel(
                name, commit, revisions, snapshot, bytes, used, modelType(snapshot), problem(snapshot, check));
    }

    /** Of a snapshot, each once; links that lead nowhere are none. */
    static List<Path> files(Path snapshot) throws IOException {
        return entries(snapshot).stream().filter(Files::isRegularFile).toList();
    }

    /** All but directories: links that lead nowhere too. */
    static List<Path> entries(Path snapshot) throws IOException {
        try (Stream<Path> all = Files.walk(snapshot)) {
            return all.filter(f -> !Files.isDirectory(f)).sorted().toList();
        }
    }

    private static Optional<String> modelType(Path snapshot) {
        try {
            return Optional.of(ModelDirectory.open(snapshot, Warnings.none()).modelType());
        } catch (FoveaException e) {
            return Optional.empty(); // the problem says why
        }
    }

    private static String problem(Path snapshot, Consumer<ModelFiles> check) {
        try {
            ModelDirectory directory = ModelDirectory.open(snapshot, Warnings.none());
            check.accept(ModelFiles.of(snapshot));
            directory.openWeights().forEach(WeightFile::close);
            return "";
        } catch (FoveaException e) {
            return e.problem();
        }
    }

    // ------------------------------------------------------------------------------------------------------ deleting

    /**
     * Deletes a model, at one revision where it names one; bytes that other revisions use stay.
     *
     * @return bytes that are free now
     * @throws InputException where it is not there, or another process fetches it
     */
    public static long remove(ModelId id, PullOptions options) {
        Path folder = store(id, options).folder();
        try {
            return id.site() == ModelId.Publisher.HUGGING_FACE
                    ? new Removal(options.environment.cache(), folder, id).run()
                    : Removal.plain(id, folder, options);
        } catch (IOException e) {
            throw InputException.cannot("delete", folder, e);
        }
    }

    static Store store(ModelId id, PullOptions options) {
        return id.site() == ModelId.Publisher.HUGGING_FACE
                ? new HubStore(options.environment, id.name())
                : new ModelScopeStore(options.environment, id.name());
    }

    static InputException notHere(ModelId id, Path folder) {
        return new InputException(
                "the cache does not hold " + id + " (" + Quote.of(folder) + ")", "fovea list shows what it holds");
    }

    // ------------------------------------------------------------------------------------------------------ checking

    /**
     * Takes the sums of a model's files.
     *
     * @param listener gets a file's name before it is read
     * @return each file with what is wrong with it; nothing where it is what the hub has
     * @throws InputException where the model is not there
     */
    public static Map<String, Verdict> verify(ModelId id, PullOptions options, Consumer<String> listener) {
        Store store = store(id, options);
        try {
            String revision = id.revisionOrDefault();
            String commit = store.commit(revision).orElse(revision);
            Path snapshot = store.snapshot(commit);
            if (!Files.isDirectory(snapshot)) {
                throw notHere(id, store.folder());
            }
            return new Verification(store, commit, snapshot).run(listener);
        } catch (IOException e) {
            throw InputException.cannot("read", store.folder(), e);
        }
    }

    /** Deletes the files that are damaged, so that the next {@link Puller#pull} fetches them alone. */
    public static void forget(ModelId id, PullOptions options, Map<String, Verdict> verdicts) {
        Store store = store(id, options);
        try {
            String revision = id.revisionOrDefault();
            Path snapshot = store.snapshot(store.commit(revision).orElse(revision));
            for (Map.Entry<String, Verdict> file : verdicts.entrySet()) {
                if (file.getValue() == Verdict.DAMAGED) {
                    Path place = snapshot.resolve(file.getKey());
                    if (Files.isSymbolicLink(place)) {
                        Files.deleteIfExists(place.resolveSibling(Files.readSymbolicLink(place)));
                    }
                    Files.deleteIfExists(place);
                }
            }
        } catch (IOException e) {
            throw InputException.cannot("delete files of", store.folder(), e);
        }
    }
}
