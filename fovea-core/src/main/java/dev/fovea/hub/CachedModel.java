package dev.fovea.hub;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A model in a cache, at one revision.
 *
 * @param name without revision: {@code org/name}, {@code modelscope:org/name}
 * @param commit the folder's name: a commit, on ModelScope a branch or tag
 * @param revisions branches and tags that were this commit when they were asked for last
 * @param directory that opens it
 * @param bytes of its files; what other revisions share with it is counted in each
 * @param lastUsed when one of its files was read last, as far as the file system keeps that; the epoch where it has no files
 * @param modelType {@code model_type} of config.json; empty where there is none
 * @param problem why it cannot be opened: files that are missing, a family or format that Fovea does not read; empty where it can
 */
public record CachedModel(
        String name,
        String commit,
        List<String> revisions,
        Path directory,
        long bytes,
        Instant lastUsed,
        Optional<String> modelType,
        String problem) {
    public CachedModel {
        revisions = List.copyOf(revisions);
    }

    /** Whether it can be opened. */
    public boolean isUsable() {
        return problem.isEmpty();
    }
}
