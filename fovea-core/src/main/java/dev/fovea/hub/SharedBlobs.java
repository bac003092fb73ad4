package dev.fovea.hub;

import dev.fovea.ffi.Flock;
import dev.fovea.files.OutputFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The store that several repositories of one cache share, of huggingface_hub 2: {@code blobs/PREFIX/HASH} has the bytes of a file in Xet
 * storage, a repository's own blob is a link there, and {@code HASH.refs} lists these links.
 */
final class SharedBlobs {
    private static final String MARKER = ".huggingface-shared-blobs";
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

    private final Path cache;
    private final Path store;

    SharedBlobs(Path cache) {
        this.cache = cache;
        this.store = cache.resolve("blobs");
    }

    /** The shared file that a repository's blob is a link to. */
    Optional<Path> target(Path blob) throws IOException {
        boolean isStore = Files.isRegularFile(store.resolve(MARKER))
                && Files.readString(store.resolve(MARKER)).equals("1\n");
        if (!isStore || !Files.isSymbolicLink(blob)) {
            return Optional.empty();
        }
        Path target = blob.resolveSibling(Files.readSymbolicLink(blob)).normalize();
        String hash = target.getFileName().toString();
        boolean inStore = HASH.matcher(hash).matches()
                && target.equals(store.resolve(hash.substring(0, 2)).resolve(hash));
        return inStore ? Optional.of(target) : Optional.empty();
    }

    /** Deletes a shared file that no link leads to any more. What is not known for sure stays. @return bytes that are free */
    long sweep(Path shared) throws IOException {
        Path manifest = shared.resolveSibling(shared.getFileName() + ".refs");
        Optional<Flock> lock = Flock.tryLock(shared.resolveSibling(shared.getFileName() + ".lock"));
        if (lock.isEmpty() || !Files.isRegularFile(manifest, LinkOption.NOFOLLOW_LINKS)) {
            return 0;
        }
        try (Flock _ = lock.get()) {
            List<String> lines = Files.readAllLines(manifest);
            List<String> used = new java.util.ArrayList<>();
            for (String line : lines.stream().distinct().toList()) {
                if (target(cache.resolve(line).normalize())
                        .filter(shared::equals)
                        .isPresent()) {
                    used.add(line);
                }
            }
            if (!used.isEmpty()) {
                String left = String.join("\n", used) + "\n";
                OutputFile.of(manifest).write(out -> out.write(left.getBytes(StandardCharsets.UTF_8)));
                return 0;
            }
            long bytes = Files.exists(shared) ? Files.size(shared) : 0;
            Files.deleteIfExists(shared);
            Files.deleteIfExists(manifest);
            return bytes;
        }
    }
}
