package dev.fovea.media;

import dev.fovea.ffi.NativeLibrary;
import java.util.List;

/** Leptonica's library, for what it carries: OpenJPEG and libjpeg-turbo. */
final class Leptonica {
    static final String DEPENDENCY = "org.bytedeco:leptonica:1.87.0-1.5.13 with the classifier of your platform";

    static final NativeLibrary LIBRARY = NativeLibrary.ofResources(
            "leptonica", "org/bytedeco/leptonica/" + NativeLibrary.platform(), List.of(fileName()));

    private Leptonica() {}

    private static String fileName() {
        String platform = NativeLibrary.platform();
        if (platform.startsWith("windows")) {
            return "leptonica-6.dll";
        }
        return platform.startsWith("macosx") ? "libleptonica.6.dylib" : "libleptonica.so.6";
    }
}
