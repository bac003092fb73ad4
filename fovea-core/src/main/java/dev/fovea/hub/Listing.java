package dev.fovea.hub;

import dev.fovea.io.Json;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The files of a repository at one commit.
 *
 * @param name of the repository, which is another than the one asked for where it was renamed
 * @param commit or the revision, where the site has no name for the commit
 * @param files by path
 * @param library that the model is for, by the word of its page: {@code transformers}, {@code mlx}; empty where the page says nothing
 * @param baseModel that it was made from, as its page says
 */
record Listing(String name, String commit, Map<String, RepoFile> files, String library, Optional<String> baseModel) {
    private static final String WHAT = "the list of files";

    Listing {
        files = Map.copyOf(files);
    }

    static Listing of(String name, String commit, Collection<RepoFile> files) {
        return new Listing(name, commit, byPath(files), "", Optional.empty());
    }

    static Map<String, RepoFile> byPath(Collection<RepoFile> files) {
        return files.stream().collect(Collectors.toMap(RepoFile::path, f -> f, (a, _) -> a));
    }

    Set<String> paths() {
        return files.keySet();
    }

    List<RepoFile> all(Collection<String> paths) {
        return paths.stream()
                .flatMap(p -> Optional.ofNullable(files.get(p)).stream())
                .toList();
    }

    /** With some files described better. */
    Listing with(Collection<RepoFile> described) {
        Map<String, RepoFile> changed = new LinkedHashMap<>(files);
        described.forEach(f -> changed.put(f.path(), f));
        return new Listing(name, commit, changed, library, baseModel);
    }

    /** As huggingface_hub keeps listings in {@code trees/COMMIT.json}. */
    String toJson() {
        Map<String, @Nullable Object> entries = new TreeMap<>();
        files.forEach((path, file) -> {
            Map<String, @Nullable Object> entry = new LinkedHashMap<>();
            entry.put("size", file.size());
            entry.put("blob_id", file.blobId());
            file.sha256().ifPresent(sum -> {
                entry.put("lfs_sha256", sum);
                entry.put("lfs_size", file.size());
            });
            entries.put(path, entry);
        });
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("format_version", 1);
        json.put("files", entries);
        return Json.write(json);
    }

    /** @throws dev.fovea.error.InputException where it is no such text */
    static Listing parse(String name, String commit, String json) {
        Map<String, RepoFile> files = new LinkedHashMap<>();
        Json.object(Json.object(Json.parse(json, WHAT), WHAT).get("files"), WHAT)
                .forEach((path, value) -> {
                    Map<String, @Nullable Object> entry = Json.object(value, WHAT);
                    Optional<String> sha256 = text(entry.get("lfs_sha256"));
                    Object size = sha256.isPresent() && entry.get("lfs_size") != null
                            ? entry.get("lfs_size")
                            : entry.get("size");
                    files.put(
                            path,
                            new RepoFile(
                                    path,
                                    number(size),
                                    text(entry.get("blob_id")).orElse(""),
                                    sha256));
                });
        return new Listing(name, commit, files, "", Optional.empty());
    }

    static Optional<String> text(@Nullable Object value) {
        return value instanceof String s && !s.isEmpty() ? Optional.of(s) : Optional.empty();
    }

    static long number(@Nullable Object value) {
        return value instanceof Long n ? n : -1;
    }
}
