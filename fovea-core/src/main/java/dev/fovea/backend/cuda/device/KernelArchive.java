package dev.fovea.backend.cuda.device;

import dev.fovea.error.NativeException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/**
 * PTX of the kernels, compiled beforehand: what runs where there is a driver and no compiler, and what the interpreter runs
 * where there is neither. A zip archive with an entry {@code ID.ptx} for each module and {@value #SUMS}, which says of what
 * sources each was made; {@code scripts/kernels} makes it. Safe for use by many threads.
 *
 * <p>For work on kernels, the system property {@code fovea.cuda.nvrtc} names NVRTC's folder: what the archive lacks, or has of
 * other sources, is then compiled when it is asked for.
 */
public final class KernelArchive {
    /** The architecture that the PTX is for: the driver makes code for every later one of it. */
    static final String ARCHITECTURE = "compute_80";

    /** The resource beside the sources. */
    static final String FILE = "kernels.zip";

    private static final String SUMS = "sources.sha256";
    private static final String SUFFIX = ".ptx";

    /** The oldest time that the format has: equal kernels make equal archives. */
    private static final LocalDateTime EPOCH = LocalDateTime.of(1980, 1, 1, 0, 0);

    private final Map<String, String> entries;
    private final Map<String, String> sums = new HashMap<>();
    private final Map<Kernel.Module, String> compiled = new HashMap<>();
    private final Supplier<Optional<Nvrtc>> compiler;

    private KernelArchive(Map<String, String> entries, Supplier<Optional<Nvrtc>> compiler) {
        this.entries = entries;
        this.compiler = compiler;
        entries.getOrDefault(SUMS, "").lines().forEach(line -> {
            int space = line.indexOf(' ');
            sums.put(line.substring(space).strip(), line.substring(0, space));
        });
    }

    /** The one that comes with the classes, and what the compiler for work on kernels adds to it. */
    public static KernelArchive bundled() {
        return Bundled.ARCHIVE;
    }

    private static final class Bundled {
        private static final KernelArchive ARCHIVE = load();

        private static KernelArchive load() {
            try (InputStream in = KernelArchive.class.getResourceAsStream(KernelSources.FOLDER + FILE)) {
                return new KernelArchive(in == null ? Map.of() : entries(in), Nvrtc::development);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** An archive as it is. */
    static KernelArchive read(InputStream in) throws IOException {
        return new KernelArchive(entries(in), Optional::empty);
    }

    private static Map<String, String> entries(InputStream in) throws IOException {
        Map<String, String> entries = new HashMap<>();
        try (ZipInputStream zip = new ZipInputStream(in)) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                entries.put(entry.getName(), new String(zip.readAllBytes(), StandardCharsets.UTF_8));
            }
        }
        return entries;
    }

    /**
     * PTX of a module.
     *
     * @throws NativeException where the archive has none of the module's present source
     */
    public String ptx(Kernel.Module module) {
        return current(module).or(() -> compile(module)).orElseThrow(() -> {
            String found = sums.containsKey(module.id()) ? "of another source" : "not there";
            return new NativeException(
                    "the kernel module " + module.id() + " in " + FILE + " is " + found,
                    "scripts/kernels makes the archive anew, or -Dfovea.cuda.nvrtc=DIR compiles as needed");
        });
    }

    /** PTX of a module, where it was made of the module's present source. */
    Optional<String> current(Kernel.Module module) {
        return KernelSources.sum(module).equals(sums.get(module.id()))
                ? Optional.ofNullable(entries.get(module.id() + SUFFIX))
                : Optional.empty();
    }

    /** What is missing, of other sources, or left over, one line each; empty where the archive fits. */
    List<String> differences(List<Kernel.Module> modules) {
        List<String> differences = new ArrayList<>();
        Map<String, String> rest = new TreeMap<>(sums);
        for (Kernel.Module module : modules) {
            if (rest.remove(module.id()) == null) {
                differences.add(module.id() + " is missing");
            } else if (current(module).isEmpty()) {
                differences.add(module.id() + " is of another source");
            }
        }
        rest.keySet().forEach(id -> differences.add(id + " is no longer there"));
        return differences;
    }

    private synchronized Optional<String> compile(Kernel.Module module) {
        return compiler.get()
                .map(nvrtc -> compiled.computeIfAbsent(
                        module, m -> nvrtc.compile(m, ARCHITECTURE).text()));
    }

    /** An archive of modules and their PTX; equal kernels give equal bytes. */
    static byte[] write(Map<Kernel.Module, String> ptx) throws IOException {
        Map<String, String> entries = new TreeMap<>();
        Map<String, String> sums = new TreeMap<>();
        ptx.forEach((module, text) -> {
            entries.put(module.id() + SUFFIX, text);
            sums.put(module.id(), KernelSources.sum(module));
        });
        StringBuilder lines = new StringBuilder();
        sums.forEach((id, sum) -> lines.append(sum).append("  ").append(id).append('\n'));
        entries.put(SUMS, lines.toString());
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.setLevel(Deflater.BEST_COMPRESSION);
            for (Map.Entry<String, String> e : entries.entrySet()) {
                ZipEntry entry = new ZipEntry(e.getKey());
                entry.setTimeLocal(EPOCH);
                zip.putNextEntry(entry);
                zip.write(e.getValue().getBytes(StandardCharsets.UTF_8));
            }
        }
        return bytes.toByteArray();
    }
}
