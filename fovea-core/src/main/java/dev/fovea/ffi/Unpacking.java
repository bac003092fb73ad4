package dev.fovea.ffi;

import dev.fovea.error.NativeException;
import dev.fovea.files.UserFolders;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;

/**
 * Files of a jar in the cache folder, each under the sum of its contents, so that versions live side by side. A file is
 * written beside its place and moved there in one step, and checked before each use, so neither a second process nor a
 * broken disk can hand out half of it.
 */
public final class Unpacking {
    private static final int PIECE = 1 << 20;

    private Unpacking() {}

    /** A resource with what the jar's directory says of it. */
    private record Resource(URL url, String file, long size, long sum) {
        static Resource of(URL url, String file) throws IOException {
            URLConnection connection = url.openConnection();
            if (connection instanceof JarURLConnection jar) {
                var entry = jar.getJarEntry();
                if (entry.getSize() >= 0 && entry.getCrc() >= 0) {
                    return new Resource(url, file, entry.getSize(), entry.getCrc());
                }
            }
            try (InputStream in = url.openStream()) {
                return measured(url, file, in);
            }
        }

        private static Resource measured(URL url, String file, InputStream in) throws IOException {
            CheckedInputStream checked = new CheckedInputStream(in, new CRC32());
            long size = checked.transferTo(OutputStream.nullOutputStream());
            return new Resource(url, file, size, checked.getChecksum().getValue());
        }

        boolean isAt(Path path) throws IOException {
            if (!Files.isRegularFile(path) || Files.size(path) != size) {
                return false;
            }
            CRC32 crc = new CRC32();
            ByteBuffer piece = ByteBuffer.allocateDirect(PIECE); // not copied once more
            try (FileChannel channel = FileChannel.open(path)) {
                while (channel.read(piece) >= 0) {
                    crc.update(piece.flip());
                    piece.clear();
                }
            }
            return crc.getValue() == sum;
        }
    }

    /**
     * @param name of the folder in the cache, to which a sum of all contents is added
     * @param folder of the class path
     * @param files in the folder, or below it
     * @return the files unpacked; empty if one of them is not on the class path
     */
    public static Optional<List<Path>> unpack(String name, String folder, List<String> files) throws IOException {
        Path cache = cache().orElseThrow(() -> new NativeException(
                "there is no folder to unpack to: this user has no home folder",
                "-Dfovea.cache=DIR or XDG_CACHE_HOME=DIR names one"));
        return unpack(name, folder, files, cache);
    }

    static Optional<List<Path>> unpack(String name, String folder, List<String> files, Path cache) throws IOException {
        List<Resource> resources = new ArrayList<>();
        for (String file : files) {
            URL url = Unpacking.class.getClassLoader().getResource(folder + "/" + file);
            if (url == null) {
                return Optional.empty();
            }
            resources.add(Resource.of(url, file));
        }
        long version = resources.stream().mapToLong(Resource::sum).reduce(0, (all, sum) -> 31 * all + sum);
        Path target = cache.resolve(name + "-" + Long.toHexString(version));
        List<Path> paths = new ArrayList<>();
        for (Resource resource : resources) {
            paths.add(unpack(resource, target));
        }
        return Optional.of(paths);
    }

    private static Path unpack(Resource resource, Path folder) throws IOException {
        Path target = folder.resolve(resource.file());
        if (resource.isAt(target)) {
            return target;
        }
        Files.createDirectories(target.getParent());
        Path part =
                Files.createTempFile(target.getParent(), target.getFileName().toString(), ".part");
        part.toFile().deleteOnExit(); // where the process ends before this thread does
        try (InputStream in = resource.url().openStream()) {
            Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
            if (!resource.isAt(part)) {
                throw new IOException("unpacked " + resource.url() + " to " + part + ", found other contents");
            }
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(part);
        }
        return target;
    }

    /** The system property {@code fovea.cache}, else the user's cache folder; empty for a user without a home. */
    public static Optional<Path> cache() {
        String chosen = System.getProperty("fovea.cache", "");
        return chosen.isEmpty()
                ? UserFolders.cache().map(folder -> folder.resolve("fovea"))
                : Optional.of(Path.of(chosen));
    }
}
