package dev.fovea.hub;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.error.Warnings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What the cache marks as a file that the repository does not have. Where a snapshot holds it nevertheless, it was put in by hand, and
 * transformers does not see it.
 */
final class Markers {
    private Markers() {}

    /** The snapshot, where no file of it is marked; else a folder of links to all others. */
    static Path hide(Path snapshot, Path markers, Warnings warnings) {
        try {
            List<Path> hidden = marked(snapshot, markers);
            if (hidden.isEmpty()) {
                return snapshot;
            }
            hidden.forEach(file -> warnings.warn(Quote.of(snapshot.resolve(file))
                    + " is not used, as transformers does not use it: " + Quote.of(markers.resolve(file))
                    + " says that the repository has no such file; delete the one or the other"));
            Path view = Files.createTempDirectory("fovea-snapshot-");
            view.toFile().deleteOnExit();
            link(snapshot, view, snapshot, hidden);
            return view;
        } catch (IOException e) {
            throw InputException.cannot("read", snapshot, e);
        }
    }

    /** Relative to the snapshot. */
    private static List<Path> marked(Path snapshot, Path markers) throws IOException {
        if (!Files.isDirectory(markers)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(markers)) {
            return files.filter(Files::isRegularFile)
                    .map(markers::relativize)
                    .filter(file -> Files.exists(snapshot.resolve(file)))
                    .toList();
        }
    }

    private static void link(Path from, Path to, Path snapshot, List<Path> hidden) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(from)) {
            files = all.toList();
        }
        for (Path file : files) {
            Path place = snapshot.relativize(file);
            Path link = to.resolve(file.getFileName());
            if (hidden.contains(place)) {
                continue;
            }
            if (hidden.stream().anyMatch(h -> h.startsWith(place))) {
                Files.createDirectory(link).toFile().deleteOnExit();
                link(file, link, snapshot, hidden);
            } else {
                Files.createSymbolicLink(link, file.toAbsolutePath()).toFile().deleteOnExit();
            }
        }
    }
}
