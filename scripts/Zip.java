import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Zips a folder, with the rights of its files, as neither the jar tool nor every machine's own zip does: {@code Zip FOLDER FILE.zip}. */
final class Zip {
    private Zip() {}

    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]).toAbsolutePath();
        Path file = Path.of(args[1]).toAbsolutePath();
        Files.deleteIfExists(file);
        List<Path> entries;
        try (Stream<Path> walk = Files.walk(folder)) {
            entries = walk.sorted().toList();
        }
        try (FileSystem zip = FileSystems.newFileSystem(
                URI.create("jar:" + file.toUri()), Map.of("create", true, "enablePosixFileAttributes", true))) {
            for (Path entry : entries) {
                Path target = zip.getPath(folder.getParent().relativize(entry).toString());
                if (Files.isDirectory(entry)) {
                    Files.createDirectory(target);
                } else {
                    Files.copy(entry, target);
                }
                Files.setPosixFilePermissions(target, Files.getPosixFilePermissions(entry));
            }
        }
    }
}
