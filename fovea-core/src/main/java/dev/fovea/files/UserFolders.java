package dev.fovea.files;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Where a user's own files are. In a container, and under a user id that nobody named, there may be no home folder. */
public final class UserFolders {
    private UserFolders() {}

    /** The user's home folder. */
    public static Optional<Path> home() {
        return home(System.getProperty("user.home"), System.getenv());
    }

    /** Java says "?" where the system knows no home; {@code HOME} may know one all the same. */
    static Optional<Path> home(@Nullable String known, Map<String, String> environment) {
        return absolute(known).or(() -> absolute(environment.get("HOME")));
    }

    /** The folder for what can be made again, by the XDG base directory specification. */
    public static Optional<Path> cache() {
        return cache(home(), System.getenv());
    }

    static Optional<Path> cache(Optional<Path> home, Map<String, String> environment) {
        return absolute(environment.get("XDG_CACHE_HOME")).or(() -> home.map(h -> h.resolve(".cache")));
    }

    private static Optional<Path> absolute(@Nullable String path) {
        return Optional.ofNullable(path).filter(p -> !p.isEmpty()).map(Path::of).filter(Path::isAbsolute);
    }
}
