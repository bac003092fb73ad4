package dev.fovea.backend.cuda.device;

import dev.fovea.files.UserFolders;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Where users have NVIDIA's libraries: named by the environment, in the active Python environment, in a toolkit, in the system.
 *
 * @param variables of the environment
 * @param root before absolute paths, {@code /} but in tests
 * @param home the user's, where there is one
 * @param windows whether files are named and placed as on Windows
 */
record LibrarySearch(Map<String, String> variables, Path root, Optional<Path> home, boolean windows) {

    /** What is searched for, beside the driver. */
    enum Library {
        NVRTC("NVRTC", "libnvrtc\\.so\\.(\\d+)[\\d.]*", "nvrtc64_(\\d+)0_0\\.dll"),
        CUBLASLT("cuBLASLt", "libcublasLt\\.so\\.(\\d+)[\\d.]*", "cublasLt64_(\\d+)\\.dll");

        private final String name;
        private final Pattern linux;
        private final Pattern windows;

        Library(String name, String linux, String windows) {
            this.name = name;
            this.linux = Pattern.compile(linux);
            this.windows = Pattern.compile(windows);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /**
     * A file.
     *
     * @param major version of CUDA that its name says
     */
    record Found(Path file, int major) {}

    /** Of this machine. */
    static LibrarySearch here() {
        boolean windows = System.getProperty("os.name").startsWith("Windows");
        return new LibrarySearch(System.getenv(), Path.of("/"), UserFolders.home(), windows);
    }

    /**
     * What the driver may be loaded as, best first: by its bare name, as the system has it, then where systems have it that do
     * not say so. Every start without a GPU asks this, so no folder is read for it.
     */
    List<String> drivers() {
        Stream<String> placed = Stream.of(
                        "usr/local/nvidia/lib64", "usr/lib64/nvidia", "usr/lib/wsl/lib", "run/opengl-driver/lib")
                .map(folder -> at(folder).resolve("libcuda.so.1"))
                .filter(Files::isRegularFile)
                .map(Path::toString);
        return windows
                ? List.of("nvcuda.dll")
                : Stream.concat(Stream.of("libcuda.so.1"), placed).toList();
    }

    /** All files that may be the library, best first. */
    List<Found> find(Library library) {
        return folders().stream()
                .flatMap(folder -> inFolder(library, folder, windows).stream())
                .distinct()
                .toList();
    }

    /** The library in a folder of this machine, its newest version. */
    static Optional<Path> inFolder(Library library, Path folder) {
        return inFolder(library, folder, here().windows).stream()
                .map(Found::file)
                .findFirst();
    }

    /** Newest version first, and of its names the shortest, which the others are linked by. */
    private static List<Found> inFolder(Library library, Path folder, boolean windows) {
        Pattern name = windows ? library.windows : library.linux;
        return files(folder)
                .flatMap(file -> {
                    Matcher matcher = name.matcher(file.getFileName().toString());
                    if (!matcher.matches()) {
                        return Stream.empty();
                    }
                    return Stream.of(new Found(file, Integer.parseInt(matcher.group(1))));
                })
                .sorted(Comparator.comparingInt(Found::major)
                        .reversed()
                        .thenComparingInt(found -> found.file().toString().length()))
                .toList();
    }

    /** The files that NVRTC has its built-in functions in: beside it, and of its version. */
    static List<Path> nvrtcBuiltins(Path nvrtc) {
        Path folder = nvrtc.toAbsolutePath().getParent();
        if (folder == null) {
            return List.of();
        }
        return files(folder)
                .filter(f ->
                        f.getFileName().toString().matches("libnvrtc-builtins\\.so\\..*|nvrtc-builtins64_.*\\.dll"))
                .sorted()
                .toList();
    }

    /** Folders to look into, best first. */
    private Set<Path> folders() {
        Set<Path> folders = new LinkedHashSet<>();
        paths(windows ? "PATH" : "LD_LIBRARY_PATH").forEach(folders::add);
        Stream.of("CUDA_HOME", "CUDA_PATH").flatMap(this::paths).forEach(toolkit -> folders.addAll(ofToolkit(toolkit)));
        Stream.of("VIRTUAL_ENV", "CONDA_PREFIX")
                .flatMap(this::paths)
                .forEach(prefix -> folders.addAll(ofPython(prefix)));
        pythons().forEach(prefix -> folders.addAll(ofPython(prefix)));
        home.ifPresent(h -> folders.addAll(ofPython(h.resolve(".local"))));
        if (!windows) {
            folders.addAll(ofToolkit(at("usr/local/cuda")));
            named(at("usr/local"), "cuda-.*").forEach(toolkit -> folders.addAll(ofToolkit(toolkit)));
            folders.addAll(ofToolkit(at("opt/cuda")));
            Stream.of("usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib64", "usr/lib")
                    .map(this::at)
                    .forEach(folders::add);
        }
        return folders;
    }

    private static List<Path> ofToolkit(Path toolkit) {
        return Stream.of("lib64", "lib", "targets/x86_64-linux/lib", "targets/sbsa-linux/lib", "bin", "bin/x64")
                .map(toolkit::resolve)
                .toList();
    }

    /** Of the folder that a Python, virtual or conda's environment lies in: wheels, and the environment's own libraries. */
    private List<Path> ofPython(Path prefix) {
        Stream<Path> packages = windows
                ? Stream.of(prefix.resolve("Lib/site-packages"))
                : Stream.of("lib", "lib64", "local/lib")
                        .flatMap(lib -> named(prefix.resolve(lib), "python3.*").stream())
                        .flatMap(python ->
                                Stream.of("site-packages", "dist-packages").map(python::resolve));
        Stream<Path> wheels = packages.flatMap(site -> Stream.of("cu13", "cuda_nvrtc", "cublas")
                .flatMap(wheel -> Stream.of("lib", "bin/x86_64", "bin").map(site.resolve("nvidia/" + wheel)::resolve)));
        Stream<Path> own =
                Stream.of("lib", "targets/x86_64-linux/lib", "Library/bin").map(prefix::resolve);
        return Stream.concat(wheels, own).toList();
    }

    /** Of each Python on the PATH, as it is called there and where links lead, the folder it is installed in. */
    private Set<Path> pythons() {
        Set<Path> prefixes = new LinkedHashSet<>();
        paths("PATH").forEach(bin -> {
            for (String name : windows ? List.of("python.exe") : List.of("python3", "python")) {
                Path python = bin.resolve(name);
                if (Files.isExecutable(python)) {
                    prefix(python).ifPresent(prefixes::add);
                    real(python).flatMap(this::prefix).ifPresent(prefixes::add);
                }
            }
        });
        return prefixes;
    }

    private Optional<Path> prefix(Path python) {
        return Optional.ofNullable(python.getParent()).map(bin -> windows ? bin : bin.getParent());
    }

    private static Optional<Path> real(Path path) {
        try {
            return Optional.of(path.toRealPath());
        } catch (IOException _) {
            return Optional.empty(); // it went meanwhile, and is no Python then
        }
    }

    /** The folders that a variable lists; relative ones are nobody's. */
    private Stream<Path> paths(String variable) {
        return Stream.of(variables.getOrDefault(variable, "").split(windows ? ";" : File.pathSeparator))
                .filter(text -> !text.isBlank() && text.indexOf('\0') < 0)
                .map(Path::of)
                .filter(Path::isAbsolute);
    }

    private Path at(String path) {
        return root.resolve(path);
    }

    /** Folders of a folder by name, the newest version first. */
    private static List<Path> named(Path folder, String pattern) {
        return files(folder)
                .filter(f -> f.getFileName().toString().matches(pattern) && Files.isDirectory(f))
                .sorted(Comparator.reverseOrder())
                .toList();
    }

    /** What a folder holds: nothing where it is none, or may not be looked into. */
    private static Stream<Path> files(Path folder) {
        if (!Files.isDirectory(folder) || !Files.isReadable(folder)) {
            return Stream.empty();
        }
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
            return StreamSupport.stream(all.spliterator(), false).toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
