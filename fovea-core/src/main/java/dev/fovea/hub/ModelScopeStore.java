package dev.fovea.hub;

import dev.fovea.error.InputException;
import dev.fovea.files.OutputFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A repository in the cache of ModelScope's own tool: {@code models/ORG--NAME/snapshots/REVISION} is the model directory; what versions
 * before 1.38 left, {@code models/ORG/NAME}, is gone on with, as it does. A branch's files change in place, so a list of what they were
 * is kept beside them.
 */
final class ModelScopeStore implements Store {
    private final Path cache;
    private final String name;
    private final Path folder;

    ModelScopeStore(HubEnvironment environment, String name) {
        this.cache = environment.modelScopeCache();
        this.name = name;
        this.folder = cache.resolve("models").resolve(name.replace("/", "--"));
    }

    @Override
    public Path folder() {
        return folder;
    }

    @Override
    public Path snapshot(String revision) {
        return former().orElseGet(() -> folder.resolve("snapshots").resolve(revision));
    }

    private Optional<Path> former() {
        int slash = name.indexOf('/');
        String place =
                name.substring(0, slash) + "/" + name.substring(slash + 1).replace(".", "___");
        return Stream.of(
                        cache.resolve("models").resolve(place),
                        cache.resolve("hub/models").resolve(place))
                .filter(Files::isDirectory)
                .filter(f -> Objects.requireNonNullElse(f.toFile().list(), new String[0]).length > 0)
                .findFirst();
    }

    /** What versions before 1.38 left, by name. */
    static Map<String, Path> former(Path cache) throws IOException {
        Map<String, Path> found = new TreeMap<>();
        for (Path models : new Path[] {cache.resolve("hub/models"), cache.resolve("models")}) {
            for (Path publisher : CacheFolder.folders(models)) {
                if (!publisher.getFileName().toString().contains("--")) {
                    for (Path model : CacheFolder.folders(publisher)) {
                        String name = model.getFileName().toString().replace("___", ".");
                        found.put(publisher.getFileName() + "/" + name, model);
                    }
                }
            }
        }
        return found;
    }

    @Override
    public Optional<String> commit(String revision) {
        return Files.isDirectory(snapshot(revision)) ? Optional.of(revision) : Optional.empty();
    }

    private Path kept(String revision) {
        return folder.resolve(".fovea").resolve(revision + ".json");
    }

    @Override
    public Optional<Listing> listing(String revision) throws IOException {
        Path file = kept(revision);
        try {
            return Files.isRegularFile(file)
                    ? Optional.of(Listing.parse(name, revision, Files.readString(file)))
                    : Optional.empty();
        } catch (InputException e) {
            return Optional.empty(); // of another version; it is asked for again
        }
    }

    private Path place(Listing listing, RepoFile file) {
        Path snapshot = snapshot(listing.commit());
        Path place = snapshot.resolve(file.path()).normalize();
        if (!place.startsWith(snapshot) || place.equals(snapshot)) {
            throw new InputException(file.path() + " is no name of a file in a repository");
        }
        return place;
    }

    /** By its size, and by what it was when it was fetched. */
    @Override
    public boolean has(Listing listing, RepoFile file) throws IOException {
        Path place = place(listing, file);
        boolean isThere = Files.isRegularFile(place) && (file.size() < 0 || Files.size(place) == file.size());
        Optional<RepoFile> before = listing(listing.commit()).map(l -> l.files().get(file.path()));
        return isThere && before.map(b -> b.etag().equals(file.etag())).orElse(true);
    }

    @Override
    public boolean reuse(Listing listing, RepoFile file) {
        return false;
    }

    @Override
    public Path partial(Listing listing, RepoFile file) {
        Path place = place(listing, file);
        return place.resolveSibling(place.getFileName() + "." + shortened(file.etag()) + HubStore.PARTIAL);
    }

    private static String shortened(String etag) {
        return etag.substring(0, Math.min(16, etag.length()));
    }

    /** The one that its own tool takes for a file. */
    @Override
    public Path lock(Listing listing, RepoFile file) {
        String key = String.join("\0", "modelscope-hub-download-lock-v2", "file", "model", name, file.path());
        try {
            byte[] sum = MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
            return cache.resolve(".lock").resolve("file_" + HexFormat.of().formatHex(sum) + ".lock");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e); // every Java has it
        }
    }

    @Override
    public void place(Listing listing, RepoFile file, Path whole) throws IOException {
        OutputFile.move(whole, place(listing, file));
    }

    @Override
    public void complete(Listing listing, String revision, Collection<String> absent) throws IOException {
        Path file = kept(listing.commit());
        String json = listing.toJson();
        if (!Files.isRegularFile(file) || !Files.readString(file).equals(json)) {
            Files.createDirectories(Objects.requireNonNull(file.getParent()));
            OutputFile.of(file).write(out -> out.write(json.getBytes(StandardCharsets.UTF_8)));
        }
    }
}
