package dev.fovea.app.cli;

import dev.fovea.files.UserFolders;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;

/** The file that keeps what a user typed; nobody else may read it. */
final class HistoryFile {
    private HistoryFile() {}

    /** The file, which exists; empty where none can be made. */
    static Optional<Path> open() {
        return open(System.getenv(), UserFolders.home());
    }

    static Optional<Path> open(Map<String, String> environment, Optional<Path> home) {
        return folder(environment, home).flatMap(HistoryFile::in);
    }

    private static Optional<Path> in(Path folder) {
        try {
            Files.createDirectories(folder, rights("rwx------"));
            Path file = folder.resolve("chat-history");
            try {
                return Optional.of(Files.createFile(file, rights("rw-------")));
            } catch (FileAlreadyExistsException e) {
                return Optional.of(file);
            }
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** By the XDG base directory specification, or where Windows keeps such things. */
    private static Optional<Path> folder(Map<String, String> environment, Optional<Path> home) {
        for (String variable : new String[] {"XDG_STATE_HOME", "LOCALAPPDATA"}) {
            String state = environment.getOrDefault(variable, "");
            if (!state.isEmpty() && Path.of(state).isAbsolute()) {
                return Optional.of(Path.of(state, "fovea"));
            }
        }
        return home.map(h -> h.resolve(".local/state/fovea"));
    }

    private static FileAttribute<?>[] rights(String posix) {
        return FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(posix))}
                : new FileAttribute<?>[0];
    }
}
