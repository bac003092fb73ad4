package dev.fovea.text;

import dev.fovea.error.NativeException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.Properties;

/**
 * Unpacks the tokenizer library from the class path into Fovea's cache folder and loads it, once per virtual machine.
 *
 * <p>The folder is {@code -Dfovea.cache}, else {@code $XDG_CACHE_HOME/fovea}, else {@code ~/.cache/fovea}. Nothing is
 * ever downloaded.
 */
final class TokenizerLibrary {
    private static final List<String> WINDOWS_RUNTIME =
            List.of("libwinpthread-1.dll", "libgcc_s_seh-1.dll", "libstdc++-6.dll");

    private TokenizerLibrary() {}

    /** @throws NativeException with the original reason, at every call, where the library could not be loaded */
    static void load() {
        if (!Loaded.FAILURE.isEmpty()) {
            throw new NativeException(
                    "cannot load the tokenizer library: " + Loaded.FAILURE,
                    "-Dfovea.cache=DIR names a folder that it can be unpacked to");
        }
    }

    /** Initialised by the first use, under the class's own lock. */
    private static final class Loaded {
        private static final String FAILURE = tryLoad();
    }

    /** The reason why it is not loaded; empty where it is. */
    private static String tryLoad() {
        try {
            boolean windows = System.mapLibraryName("x").endsWith(".dll");
            if (windows) {
                for (String name : WINDOWS_RUNTIME) {
                    System.load(unpack(name).toString());
                }
            }
            System.load(unpack(System.mapLibraryName("tokenizers")).toString());
            return "";
        } catch (IOException | UnsatisfiedLinkError e) {
            return e.toString();
        }
    }

    private static Path unpack(String name) throws IOException {
        String resource = "/native/lib/" + platform() + "/cpu/" + name;
        try (InputStream in = TokenizerLibrary.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IOException("the jar has none for this platform (" + resource + ")");
            }
            byte[] bytes = in.readAllBytes();
            Path file =
                    cache().resolve("native").resolve("tokenizers-" + version()).resolve(name);
            if (!Files.isRegularFile(file) || Files.size(file) != bytes.length) {
                write(file, bytes);
            }
            return file.toAbsolutePath();
        }
    }

    /** Written beside its place and moved there, so that a second process never loads half a library. */
    private static void write(Path file, byte[] bytes) throws IOException {
        Files.createDirectories(file.getParent());
        Path part = Files.createTempFile(file.getParent(), "part", null);
        try {
            Files.write(part, bytes);
            Files.move(part, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private static Path cache() {
        String named = System.getProperty("fovea.cache", "");
        if (!named.isEmpty()) {
            return Path.of(named);
        }
        String xdg = System.getenv("XDG_CACHE_HOME");
        return xdg != null && !xdg.isEmpty()
                ? Path.of(xdg, "fovea")
                : Path.of(System.getProperty("user.home"), ".cache", "fovea");
    }

    private static String version() throws IOException {
        Properties properties = new Properties();
        try (InputStream in = TokenizerLibrary.class.getResourceAsStream("/native/lib/tokenizers.properties")) {
            if (in != null) {
                properties.load(in);
            }
        }
        return properties.getProperty("version", "unknown");
    }

    private static String platform() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String arch = System.getProperty("os.arch");
        return (os.startsWith("win") ? "win" : os.startsWith("mac") ? "osx" : "linux")
                + "-"
                + (arch.equals("amd64") ? "x86_64" : arch);
    }
}
