package dev.fovea.backend.cuda.device;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.error.NativeException;
import dev.fovea.ffi.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * NVIDIA's run-time compiler, some version of it: the source of a module to PTX or to machine code. Needs neither a driver nor a
 * GPU. Safe for use by many threads.
 */
final class Nvrtc {
    private static final String DEVELOPMENT = "fovea.cuda.nvrtc";

    private final NativeLibrary library;
    private final MethodHandle createProgram;
    private final MethodHandle compileProgram;
    private final MethodHandle destroyProgram;
    private final String version;
    private final List<Integer> architectures;

    private Nvrtc(NativeLibrary library) {
        this.library = library;
        createProgram = function("nvrtcCreateProgram", ADDRESS, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, ADDRESS);
        compileProgram = function("nvrtcCompileProgram", ADDRESS, JAVA_INT, ADDRESS);
        destroyProgram = function("nvrtcDestroyProgram", ADDRESS);
        version = findVersion();
        architectures = findArchitectures();
    }

    /**
     * What a compilation gave.
     *
     * @param code PTX, with a zero at its end, or an ELF file
     * @param log what the compiler said, on several lines
     */
    record Compiled(byte[] code, String log) {
        /** PTX as text. */
        String text() {
            return string(code);
        }
    }

    /**
     * The compiler in a file.
     *
     * @throws NativeException where it cannot be loaded
     */
    static Nvrtc open(Path file) {
        // It opens its built-in functions by their bare name, when it compiles. That finds them outside the system's
        // search
        // path only if they are there already.
        List<Path> files = new ArrayList<>(LibrarySearch.nvrtcBuiltins(file));
        files.add(file);
        NativeLibrary library = NativeLibrary.ofFiles("NVRTC", files);
        if (!library.isPresent()) {
            throw new NativeException("cannot load NVRTC: " + library.where());
        }
        return new Nvrtc(library);
    }

    /**
     * The one in the folder that the system property {@code fovea.cuda.nvrtc} names, for work on kernels.
     *
     * @throws NativeException where it names a folder without one
     */
    static Optional<Nvrtc> development() {
        return Optional.ofNullable(System.getProperty(DEVELOPMENT))
                .filter(folder -> !folder.isEmpty())
                .map(folder -> LibrarySearch.inFolder(LibrarySearch.Library.NVRTC, Path.of(folder))
                        .orElseThrow(() -> new NativeException(
                                "there is no NVRTC in " + folder + ", which -D" + DEVELOPMENT + " names")))
                .map(Nvrtc::open);
    }

    /** {@code 12.4}. */
    String version() {
        return version;
    }

    /** 12. */
    int major() {
        return Integer.parseInt(version.substring(0, version.indexOf('.')));
    }

    /** Compute capabilities that it makes machine code for, times ten: 80, 86, 90, … */
    List<Integer> architectures() {
        return architectures;
    }

    /** The file. */
    String where() {
        return library.where();
    }

    /**
     * Compiles a module.
     *
     * @param architecture {@code compute_80} for PTX, {@code sm_90a} for machine code
     * @param further options, beside those of all modules
     * @throws NativeException with the compiler's log
     */
    Compiled compile(Kernel.Module module, String architecture, String... further) {
        List<String> options = new ArrayList<>(KernelSources.OPTIONS);
        options.add("--gpu-architecture=" + architecture);
        options.addAll(List.of(further));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocateFrom(KernelSources.text(module));
            MemorySegment name = arena.allocateFrom(module.source() + ".cu");
            MemorySegment created = arena.allocate(ADDRESS);
            check("nvrtcCreateProgram", () ->
                    (int) createProgram.invokeExact(created, text, name, 0, MemorySegment.NULL, MemorySegment.NULL));
            try {
                return compile(module, architecture, options, created.get(ADDRESS, 0), arena);
            } finally {
                check("nvrtcDestroyProgram", () -> (int) destroyProgram.invokeExact(created));
            }
        }
    }

    private Compiled compile(
            Kernel.Module module, String architecture, List<String> options, MemorySegment program, Arena arena) {
        MemorySegment list = arena.allocate(ADDRESS, options.size());
        for (int i = 0; i < options.size(); i++) {
            list.setAtIndex(ADDRESS, i, arena.allocateFrom(options.get(i)));
        }
        int status = Call.of(() -> (int) compileProgram.invokeExact(program, options.size(), list));
        String log = string(bytes(program, "nvrtcGetProgramLog", arena));
        if (status != 0) {
            throw new NativeException("NVRTC " + version + " cannot compile " + module.id() + " for " + architecture
                    + ": " + (log.isEmpty() ? name(status) : log));
        }
        String get = architecture.startsWith("sm_") ? "nvrtcGetCUBIN" : "nvrtcGetPTX";
        return new Compiled(bytes(program, get, arena), log);
    }

    private byte[] bytes(MemorySegment program, String get, Arena arena) {
        MethodHandle sizeOf = function(get + "Size", ADDRESS, ADDRESS);
        MethodHandle into = function(get, ADDRESS, ADDRESS);
        MemorySegment size = arena.allocate(JAVA_LONG);
        check(get + "Size", () -> (int) sizeOf.invokeExact(program, size));
        MemorySegment bytes = arena.allocate(Math.max(1, size.get(JAVA_LONG, 0)));
        check(get, () -> (int) into.invokeExact(program, bytes));
        return bytes.toArray(JAVA_BYTE);
    }

    private static String string(byte[] zeroEnded) {
        return new String(zeroEnded, StandardCharsets.UTF_8).replace("\0", "").strip();
    }

    private String findVersion() {
        MethodHandle ask = function("nvrtcVersion", ADDRESS, ADDRESS);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment major = arena.allocate(JAVA_INT);
            MemorySegment minor = arena.allocate(JAVA_INT);
            check("nvrtcVersion", () -> (int) ask.invokeExact(major, minor));
            return major.get(JAVA_INT, 0) + "." + minor.get(JAVA_INT, 0);
        }
    }

    private List<Integer> findArchitectures() {
        MethodHandle count = function("nvrtcGetNumSupportedArchs", ADDRESS);
        MethodHandle list = function("nvrtcGetSupportedArchs", ADDRESS);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment size = arena.allocate(JAVA_INT);
            check("nvrtcGetNumSupportedArchs", () -> (int) count.invokeExact(size));
            MemorySegment all = arena.allocate(JAVA_INT, size.get(JAVA_INT, 0));
            check("nvrtcGetSupportedArchs", () -> (int) list.invokeExact(all));
            List<Integer> architectures = new ArrayList<>();
            for (int architecture : all.toArray(JAVA_INT)) {
                architectures.add(architecture);
            }
            return List.copyOf(architectures);
        }
    }

    private MethodHandle function(String name, MemoryLayout... arguments) {
        return library.link(name, FunctionDescriptor.of(JAVA_INT, arguments));
    }

    private void check(String function, Call call) {
        int status = Call.of(call);
        if (status != 0) {
            throw new NativeException("NVRTC " + library.where() + ": " + function + " failed: " + name(status));
        }
    }

    /** nvrtcResult, as the header names it. */
    private static String name(int status) {
        return switch (status) {
            case 1 -> "NVRTC_ERROR_OUT_OF_MEMORY";
            case 2 -> "NVRTC_ERROR_PROGRAM_CREATION_FAILURE";
            case 3 -> "NVRTC_ERROR_INVALID_INPUT";
            case 4 -> "NVRTC_ERROR_INVALID_PROGRAM";
            case 5 -> "NVRTC_ERROR_INVALID_OPTION";
            case 6 -> "NVRTC_ERROR_COMPILATION";
            case 7 -> "NVRTC_ERROR_BUILTIN_OPERATION_FAILURE";
            default -> "nvrtcResult " + status;
        };
    }
}
