package dev.fovea.hub;

import dev.fovea.error.InputException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Deletes a repository of the Hugging Face cache, or one revision of it. */
final class Removal {
    private final Path cache;
    private final Path folder;
    private final ModelId id;
    private final SharedBlobs shared;

    Removal(Path cache, Path folder, ModelId id) {
        this.cache = cache;
        this.folder = folder;
        this.id = id;
        this.shared = new SharedBlobs(cache);
    }

    /** @return bytes that are free now */
    long run() throws IOException {
        if (!Files.isDirectory(folder)) {
            throw CacheFolder.notHere(id, folder);
        }
        refuseWhileFetched();
        List<Path> snapshots = folders(folder.resolve("snapshots"));
        if (id.revision().isEmpty()) {
            return all();
        }
        String revision = id.revision().get();
        Path snapshot = snapshot(snapshots, revision);
        if (isOneOfSeveralNames(revision)) {
            Files.delete(folder.resolve("refs").resolve(revision));
            return 0;
        }
        return snapshots.size() == 1 ? all() : one(snapshot, snapshots);
    }

    private static List<Path> folders(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Files::isDirectory).toList();
        }
    }

    /** By branch or tag, or by the beginning of a commit. */
    private Path snapshot(List<Path> snapshots, String revision) throws IOException {
        String commit = CacheFolder.refs(folder).getOrDefault(revision, revision);
        List<Path> meant = snapshots.stream()
                .filter(s -> s.getFileName().toString().startsWith(commit))
                .toList();
        if (meant.size() != 1) {
            throw CacheFolder.notHere(id, folder);
        }
        return meant.getFirst();
    }

    /** Whether a branch or tag is a commit that has another name too. */
    private boolean isOneOfSeveralNames(String revision) throws IOException {
        Map<String, String> refs = CacheFolder.refs(folder);
        return refs.containsKey(revision) && Collections.frequency(refs.values(), refs.get(revision)) > 1;
    }

    private void refuseWhileFetched() throws IOException {
        Path blobs = folder.resolve("blobs");
        if (!Files.isDirectory(blobs)) {
            return;
        }
        try (Stream<Path> files = Files.list(blobs)) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith(HubStore.PARTIAL)).toList()) {
                refuseLocked(id, file);
            }
        }
    }

    private static void refuseLocked(ModelId id, Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            if (channel.tryLock() != null) {
                return;
            }
        } catch (OverlappingFileLockException e) {
            throw fetched(id);
        }
        throw fetched(id);
    }

    private static InputException fetched(ModelId id) {
        return new InputException("cannot delete " + id + ": it is being fetched", "stop that first");
    }

    private long all() throws IOException {
        long free = 0;
        try (Stream<Path> blobs =
                Files.isDirectory(folder.resolve("blobs")) ? Files.list(folder.resolve("blobs")) : Stream.empty()) {
            for (Path blob : blobs.toList()) {
                free += delete(blob);
            }
        }
        free += tree(folder);
        tree(cache.resolve(".locks").resolve(folder.getFileName()));
        return free;
    }

    private long one(Path snapshot, List<Path> snapshots) throws IOException {
        Set<Path> mine = blobs(snapshot);
        Set<Path> others = new HashSet<>();
        for (Path other : snapshots) {
            if (!other.equals(snapshot)) {
                others.addAll(blobs(other));
            }
        }
        String commit = snapshot.getFileName().toString();
        long free = tree(snapshot);
        for (Path blob : mine) {
            free += others.contains(blob) ? 0 : delete(blob);
        }
        for (Map.Entry<String, String> ref : CacheFolder.refs(folder).entrySet()) {
            if (ref.getValue().equals(commit)) {
                Files.deleteIfExists(folder.resolve("refs").resolve(ref.getKey()));
            }
        }
        tree(folder.resolve(".no_exist").resolve(commit));
        Files.deleteIfExists(folder.resolve("trees").resolve(commit + ".json"));
        Files.deleteIfExists(folder.resolve(".fovea").resolve(commit + ".json"));
        return free;
    }

    /** That a snapshot links to. */
    private static Set<Path> blobs(Path snapshot) throws IOException {
        Set<Path> blobs = new LinkedHashSet<>();
        try (Stream<Path> files = Files.walk(snapshot)) {
            for (Path link : files.filter(Files::isSymbolicLink).toList()) {
                blobs.add(link.resolveSibling(Files.readSymbolicLink(link)).normalize());
            }
        }
        return blobs;
    }

    private long delete(Path blob) throws IOException {
        Optional<Path> target = shared.target(blob);
        long bytes = Files.isRegularFile(blob, LinkOption.NOFOLLOW_LINKS) ? Files.size(blob) : 0;
        Files.deleteIfExists(blob);
        return target.isPresent() ? shared.sweep(target.get()) : bytes;
    }

    /** Deletes a folder with all that is in it; links are deleted, not followed. @return bytes that are free */
    private static long tree(Path top) throws IOException {
        if (!Files.exists(top, LinkOption.NOFOLLOW_LINKS)) {
            return 0;
        }
        List<Path> files = new ArrayList<>();
        try (Stream<Path> all = Files.walk(top)) {
            all.forEach(files::add);
        }
        files.sort(Comparator.reverseOrder());
        long free = 0;
        for (Path file : files) {
            free += Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) ? Files.size(file) : 0;
            Files.deleteIfExists(file);
        }
        return free;
    }

    /** A repository without links, as ModelScope keeps it: each revision has its own bytes. */
    static long plain(ModelId id, Path folder, PullOptions options) throws IOException {
        Store store = CacheFolder.store(id, options);
        Path snapshot = store.snapshot(id.revisionOrDefault());
        if (!Files.isDirectory(id.revision().isPresent() ? snapshot : folder) && !Files.isDirectory(snapshot)) {
            throw CacheFolder.notHere(id, folder);
        }
        for (Path file : CacheFolder.files(Files.isDirectory(folder) ? folder : snapshot)) {
            if (file.toString().endsWith(HubStore.PARTIAL)) {
                refuseLocked(id, file);
            }
        }
        if (id.revision().isPresent()) {
            Files.deleteIfExists(folder.resolve(".fovea").resolve(id.revisionOrDefault() + ".json"));
            return tree(snapshot);
        }
        return tree(folder) + tree(snapshot);
    }
}
