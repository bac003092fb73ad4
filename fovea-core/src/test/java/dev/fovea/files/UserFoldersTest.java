package dev.fovea.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class UserFoldersTest {
    private static final Path ROOT = Path.of("/").toAbsolutePath();
    private static final Path HOME = ROOT.resolve("home/me");

    /** Java's user.home is "?" for a user id without a name. */
    @Test
    void aHomeThatIsNoneIsNotMadeInTheWorkingDirectory() {
        assertThat(UserFolders.home("?", Map.of())).isEmpty();
        assertThat(UserFolders.home("", Map.of("HOME", ""))).isEmpty();
        assertThat(UserFolders.home(null, Map.of("HOME", "relative"))).isEmpty();
        assertThat(UserFolders.home("?", Map.of("HOME", HOME.toString()))).hasValue(HOME);
        assertThat(UserFolders.home(HOME.toString(), Map.of("HOME", "/other"))).hasValue(HOME);
    }

    @Test
    void theCacheIsWhereXdgSays() {
        assertThat(UserFolders.cache(Optional.of(HOME), Map.of())).hasValue(HOME.resolve(".cache"));
        assertThat(UserFolders.cache(Optional.of(HOME), Map.of("XDG_CACHE_HOME", "relative")))
                .as("the specification has relative paths ignored")
                .hasValue(HOME.resolve(".cache"));
        Path xdg = ROOT.resolve("var/x");
        assertThat(UserFolders.cache(Optional.empty(), Map.of("XDG_CACHE_HOME", xdg.toString())))
                .hasValue(xdg);
        assertThat(UserFolders.cache(Optional.empty(), Map.of())).isEmpty();
    }
}
