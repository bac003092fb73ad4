package dev.fovea.hub;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A file of a repository at one commit.
 *
 * @param path in the repository, with slashes
 * @param size bytes; negative where the site did not say
 * @param blobId git's SHA-1 of the file, or of the pointer that stands for it; empty where the site did not say
 * @param sha256 of the file, where the site states it
 */
record RepoFile(String path, long size, String blobId, Optional<String> sha256) {
    private static final Pattern SHA1 = Pattern.compile("[0-9a-f]{40}");
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

    /** What the cache calls it by: the ETag of Hugging Face's servers. */
    String etag() {
        return sha256.orElse(blobId);
    }

    boolean isDescribed() {
        return size >= 0 && !etag().isEmpty();
    }

    /** The sum that its bytes can be checked by. */
    Sum sum() {
        return Sum.named(etag());
    }

    /** What an ETag is a sum of. */
    enum Sum {
        SHA256,
        /** Of a header with the length, and the content. */
        GIT_SHA1,
        NONE;

        static Sum named(String etag) {
            return RepoFile.SHA256.matcher(etag).matches()
                    ? SHA256
                    : RepoFile.SHA1.matcher(etag).matches() ? GIT_SHA1 : NONE;
        }
    }
}
