package dev.fovea.hub;

import dev.fovea.error.InputException;
import dev.fovea.files.OutputFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * A repository in the cache of huggingface_hub: {@code refs/REVISION} names a commit, {@code blobs/ETAG} has a file's bytes, {@code
 * snapshots/COMMIT/PATH} is a link there, {@code .no_exist/COMMIT/PATH} marks what the repository does not have. Where the file system
 * has no links, the bytes are in the snapshot.
 */
final class HubStore implements Store {
    /** Not {@code .incomplete} alone: older versions of huggingface_hub would go on with it from its end. */
    static final String PARTIAL = ".fovea.incomplete";

    /** By this tag, backups know that all of it can be made again. */
    private static final String TAG = """
            Signature: 8a477f597d28d172789f06886806bc55
            # This file is a cache directory tag created by huggingface_hub.
            # For information about cache directory tags, see:
            #\thttps://bford.info/cachedir/
            """;

    private static final Pattern COMMIT = Pattern.compile("[\\w-]{1,64}");

    private final Path cache;
    private final Path folder;
    private final boolean links;

    HubStore(HubEnvironment environment, String name) {
        this.cache = environment.cache();
        this.folder = cache.resolve(folderName(name));
        this.links = !environment.isTrue("HF_HUB_DISABLE_SYMLINKS");
    }

    static String folderName(String name) {
        return "models--" + name.replace("/", "--");
    }

    @Override
    public Path folder() {
        return folder;
    }

    @Override
    public Path snapshot(String commit) {
        return folder.resolve("snapshots").resolve(commit);
    }

    @Override
    public Optional<String> commit(String revision) throws IOException {
        Path refs = folder.resolve("refs");
        Path ref = refs.resolve(revision).normalize();
        return ref.startsWith(refs) && Files.isRegularFile(ref) ? commitIn(ref) : Optional.empty();
    }

    /** What the file of a branch or tag says; nothing where that is no name of a snapshot: it is written anew. */
    static Optional<String> commitIn(Path ref) throws IOException {
        String text = Files.readString(ref, StandardCharsets.ISO_8859_1).strip();
        return Optional.of(text).filter(t -> COMMIT.matcher(t).matches());
    }

    /** Ours, or the one that huggingface_hub keeps. */
    @Override
    public Optional<Listing> listing(String commit) throws IOException {
        for (String kept : new String[] {".fovea", "trees"}) {
            Path file = folder.resolve(kept).resolve(commit + ".json");
            if (Files.isRegularFile(file)) {
                try {
                    return Optional.of(Listing.parse("", commit, Files.readString(file)));
                } catch (InputException e) {
                    return Optional.empty(); // of another version; it is asked for again
                }
            }
        }
        return Optional.empty();
    }

    private Path place(Listing listing, RepoFile file) {
        Path snapshot = snapshot(listing.commit());
        Path place = snapshot.resolve(file.path()).normalize();
        if (!place.startsWith(snapshot) || place.equals(snapshot)) {
            throw new InputException(file.path() + " is no name of a file in a repository");
        }
        return place;
    }

    private Path blob(RepoFile file) {
        return folder.resolve("blobs").resolve(file.etag());
    }

    @Override
    public boolean has(Listing listing, RepoFile file) throws IOException {
        return isWhole(place(listing, file), file);
    }

    private static boolean isWhole(Path path, RepoFile file) throws IOException {
        return Files.isRegularFile(path) && (file.size() < 0 || Files.size(path) == file.size());
    }

    @Override
    public boolean reuse(Listing listing, RepoFile file) throws IOException {
        Path blob = blob(file);
        if (!isWhole(blob, file)) {
            return false;
        }
        link(place(listing, file), blob, false);
        return true;
    }

    @Override
    public Path partial(Listing listing, RepoFile file) {
        return folder.resolve("blobs").resolve(file.etag() + PARTIAL);
    }

    @Override
    public Path lock(Listing listing, RepoFile file) {
        return cache.resolve(".locks").resolve(folder.getFileName()).resolve(file.etag() + ".lock");
    }

    @Override
    public void place(Listing listing, RepoFile file, Path whole) throws IOException {
        Path blob = blob(file);
        OutputFile.move(whole, blob);
        link(place(listing, file), blob, true);
    }

    /** @param fresh whether nobody else has the blob, so that it can be moved */
    private void link(Path place, Path blob, boolean fresh) throws IOException {
        Path parent = Objects.requireNonNull(place.getParent());
        Files.createDirectories(parent);
        Path beside = place.resolveSibling("." + place.getFileName() + "." + UUID.randomUUID() + ".tmp");
        if (links && linked(beside, parent.relativize(blob))) {
            OutputFile.move(beside, place);
        } else if (fresh) {
            OutputFile.move(blob, place);
        } else {
            Files.copy(blob, beside, StandardCopyOption.REPLACE_EXISTING);
            OutputFile.move(beside, place);
        }
    }

    private static boolean linked(Path link, Path target) throws IOException {
        try {
            Files.createSymbolicLink(link, target);
            return true;
        } catch (FileAlreadyExistsException e) {
            throw e;
        } catch (FileSystemException | UnsupportedOperationException e) {
            // No links here, or not for this user, as on Windows: whatever else is wrong shows when the file is moved.
            return false;
        }
    }

    @Override
    public void complete(Listing listing, String revision, Collection<String> absent) throws IOException {
        String commit = listing.commit();
        Path tag = cache.resolve("CACHEDIR.TAG");
        if (!Files.exists(tag)) {
            write(tag, TAG);
        }
        if (!revision.equals(commit)) {
            Path ref = folder.resolve("refs").resolve(revision).normalize();
            if (!commit(revision).equals(Optional.of(commit))) {
                write(ref, commit);
            }
        }
        Path kept = folder.resolve(".fovea").resolve(commit + ".json");
        String json = listing.toJson();
        if (!Files.exists(kept) || !Files.readString(kept).equals(json)) { // a mirror's is of what was fetched alone
            write(kept, json);
        }
        for (String name : absent) {
            Path marker = folder.resolve(".no_exist").resolve(commit).resolve(name);
            if (!Files.exists(marker, LinkOption.NOFOLLOW_LINKS)) {
                write(marker, "");
            }
        }
    }

    private static void write(Path file, String content) throws IOException {
        Files.createDirectories(file.getParent());
        OutputFile.of(file).write(out -> out.write(content.getBytes(StandardCharsets.UTF_8)));
    }
}
