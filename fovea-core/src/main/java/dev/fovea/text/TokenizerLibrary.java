package dev.fovea.text;

import dev.fovea.error.NativeException;
import dev.fovea.error.Reason;
import dev.fovea.ffi.NativeLibrary;
import dev.fovea.ffi.Unpacking;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

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
        } catch (IllegalCallerException _) {
            return NativeLibrary.DENIED;
        } catch (IOException | NativeException | UnsatisfiedLinkError e) {
            return Reason.of(e);
        }
    }

    private static Path unpack(String name) throws IOException {
        String folder = "native/lib/" + platform() + "/cpu";
        return Unpacking.unpack("native/tokenizers", folder, List.of(name))
                .orElseThrow(
                        () -> new NativeException("the jar has none for this platform (" + folder + "/" + name + ")"))
                .getFirst()
                .toAbsolutePath();
    }

    private static String platform() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String arch = System.getProperty("os.arch");
        return (os.startsWith("win") ? "win" : os.startsWith("mac") ? "osx" : "linux")
                + "-"
                + (arch.equals("amd64") ? "x86_64" : arch);
    }
}
