package dev.fovea.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
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

        private static final int BLOCK = 1 << 20;

        /** To be fed with a file of this size; SHA-256 where there is nothing to compare with. */
        MessageDigest digest(long size) {
            try {
                MessageDigest digest = MessageDigest.getInstance(this == GIT_SHA1 ? "SHA-1" : "SHA-256");
                if (this == GIT_SHA1) {
                    digest.update(("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII));
                }
                return digest;
            } catch (NoSuchAlgorithmException e) {
                throw new AssertionError(e); // every Java has them
            }
        }

        /** Of a whole file, in hexadecimal digits. */
        String of(Path file) throws IOException {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                MessageDigest digest = digest(channel.size());
                ByteBuffer block = ByteBuffer.allocate(BLOCK);
                while (channel.read(block) >= 0) {
                    digest.update(block.flip());
                    block.clear();
                }
                return HexFormat.of().formatHex(digest.digest());
            }
        }

        static Sum named(String etag) {
            return RepoFile.SHA256.matcher(etag).matches()
                    ? SHA256
                    : RepoFile.SHA1.matcher(etag).matches() ? GIT_SHA1 : NONE;
        }
    }
}
