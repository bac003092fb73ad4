package dev.fovea.backend.cuda.device;

import dev.fovea.backend.cuda.Kernels;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Makes the archive of the kernels' PTX: {@code scripts/kernels} starts it. What the archive has of the present sources is kept.
 * The compiler must be the oldest that is supported, since a driver refuses PTX of a newer one than itself.
 */
final class KernelArchiveMaker {
    private static final String VERSION = "12.4";

    private KernelArchiveMaker() {}

    /** Arguments: the folder of NVRTC, and the archive. */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        Path archive = Path.of(args[1]);
        Nvrtc nvrtc = Nvrtc.open(LibrarySearch.inFolder(LibrarySearch.Library.NVRTC, folder)
                .orElseThrow(() -> new IllegalArgumentException("there is no NVRTC in " + folder)));
        if (!nvrtc.version().equals(VERSION)) {
            throw new IllegalArgumentException(
                    "NVRTC " + VERSION + " is needed, found " + nvrtc.version() + " in " + folder);
        }
        KernelArchive before = open(archive);
        Map<Kernel.Module, String> ptx = new LinkedHashMap<>();
        for (Kernel.Module module : Kernels.modules()) {
            ptx.put(module, before.current(module).orElseGet(() -> compile(nvrtc, module)));
        }
        byte[] bytes = KernelArchive.write(ptx);
        Files.write(archive, bytes);
        System.out.println(archive + ": " + ptx.size() + " modules, " + bytes.length + " bytes");
    }

    private static KernelArchive open(Path archive) throws IOException {
        if (!Files.exists(archive)) {
            return KernelArchive.read(InputStream.nullInputStream());
        }
        try (InputStream in = Files.newInputStream(archive)) {
            return KernelArchive.read(in);
        }
    }

    private static String compile(Nvrtc nvrtc, Kernel.Module module) {
        System.out.println("compiling " + module.id());
        return nvrtc.compile(module, KernelArchive.ARCHITECTURE).text();
    }
}
