package dev.fovea.ffi;

import dev.fovea.error.NativeException;
import dev.fovea.error.Quote;
import dev.fovea.error.Reason;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A library of C functions, there or not. Loading never throws: an absent library remembers the reason, and each function
 * linked from it throws that reason when it is called.
 *
 * <pre>{@code
 * private static final NativeLibrary LIBRARY = NativeLibrary.ofSystem("CUDA driver", List.of("libcuda.so.1"));
 * private static final MethodHandle INIT = LIBRARY.link("cuInit", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
 * }</pre>
 *
 * Libraries stay loaded for the life of the JVM. Safe for use by many threads.
 */
public final class NativeLibrary {
    /** Why nothing loads where the JVM was told to refuse native access. */
    public static final String DENIED =
            "this JVM denies native access; start java with --enable-native-access=ALL-UNNAMED";

    private final String name;
    private final @Nullable SymbolLookup symbols;
    private final String where;

    private NativeLibrary(String name, @Nullable SymbolLookup symbols, String where) {
        this.name = name;
        this.symbols = symbols;
        this.where = where;
    }

    /**
     * The first that loads of some names in the system's search path.
     *
     * @param name for people
     * @param candidates file names or paths, best first
     */
    public static NativeLibrary ofSystem(String name, List<String> candidates) {
        StringBuilder tried = new StringBuilder();
        for (String candidate : candidates) {
            try {
                return new NativeLibrary(name, SymbolLookup.libraryLookup(candidate, Arena.global()), candidate);
            } catch (IllegalArgumentException e) {
                tried.append(tried.isEmpty() ? "" : ", ").append(Quote.of(candidate));
            } catch (IllegalCallerException _) {
                return absent(name, DENIED);
            }
        }
        return absent(name, "none of these can be loaded: " + tried);
    }

    /**
     * A library that a jar on the class path carries. Its files are unpacked once, side by side, into the cache folder.
     *
     * @param name for people, and for the folder in the cache: lower case letters
     * @param folder of the files in the jar: {@code org/bytedeco/dnnl/linux-x86_64}
     * @param files the libraries it needs, in order of loading, and itself last; functions of all of them can be linked
     */
    public static NativeLibrary ofResources(String name, String folder, List<String> files) {
        try {
            Optional<List<Path>> unpacked = Unpacking.unpack("native/" + name, folder, files);
            if (unpacked.isEmpty()) {
                return absent(name, folder + "/" + files.getLast() + " is not on the class path");
            }
            return ofFiles(name, unpacked.get());
        } catch (IOException | NativeException e) {
            return absent(name, "could not be unpacked: " + Reason.of(e));
        }
    }

    /**
     * A library in a file of its own.
     *
     * @param name for people
     * @param files the libraries it needs, in order of loading, and itself last
     */
    public static NativeLibrary ofFiles(String name, List<Path> files) {
        SymbolLookup symbols = null;
        for (Path file : files) {
            try {
                SymbolLookup more = SymbolLookup.libraryLookup(file, Arena.global());
                symbols = symbols == null ? more : more.or(symbols);
            } catch (IllegalArgumentException e) {
                return absent(name, "the system cannot load " + Quote.of(file) + ", which may be of another system");
            } catch (IllegalCallerException _) {
                return absent(name, DENIED);
            }
        }
        return new NativeLibrary(name, symbols, files.getLast().toString());
    }

    /** A library that is not there, for a reason that the caller knows. */
    public static NativeLibrary absent(String name, String reason) {
        return new NativeLibrary(name, null, reason);
    }

    /** {@code linux-x86_64}, {@code macosx-arm64}: operating system and processor, as the Bytedeco jars name them. */
    public static String platform() {
        String os = System.getProperty("os.name").toLowerCase(java.util.Locale.ROOT);
        String family = os.startsWith("mac") ? "macosx" : os.startsWith("windows") ? "windows" : os;
        String arch = System.getProperty("os.arch");
        return family + "-"
                + switch (arch) {
                    case "amd64", "x86_64" -> "x86_64";
                    case "aarch64" -> "arm64";
                    default -> arch;
                };
    }

    public boolean isPresent() {
        return symbols != null;
    }

    /** The file that was loaded, or why none was; one line. */
    public String where() {
        return where;
    }

    /** Where a function of this library is, for machine code to call; empty where it is not there. */
    public OptionalLong address(String function) {
        Optional<MemorySegment> found = symbols == null ? Optional.empty() : symbols.find(function);
        return found.map(at -> OptionalLong.of(at.address())).orElse(OptionalLong.empty());
    }

    /** A function of this library that is called with words alone; where it is not there, its calls throw {@link NativeException}. */
    public NativeFunction function(String function) {
        OptionalLong address = address(function);
        return address.isPresent() ? NativeFunction.at(address.getAsLong()) : NativeFunction.absent(missing(function));
    }

    /** A function of this library, called without options: see {@link #link(String, FunctionDescriptor, Linker.Option...)}. */
    public MethodHandle link(String function, FunctionDescriptor type) {
        return link(function, type, new Linker.Option[0]);
    }

    /**
     * A function of this library.
     *
     * @return its handle; if the library or the function is not there, one that throws {@link NativeException}
     */
    public MethodHandle link(String function, FunctionDescriptor type, Linker.Option... options) {
        Optional<MemorySegment> address = symbols == null ? Optional.empty() : symbols.find(function);
        Linker linker = Linker.nativeLinker();
        return address.map(a -> linker.downcallHandle(a, type, options)).orElseGet(() -> failing(function, type));
    }

    /**
     * A Java method as a function that a library may call.
     *
     * @param arena for as long as the library may
     */
    public static MemorySegment upcall(MethodHandle method, FunctionDescriptor type, Arena arena) {
        return Linker.nativeLinker().upcallStub(method, type, arena);
    }

    private String missing(String function) {
        return symbols == null
                ? name + " is not there: " + where
                : name + " in " + where + " has no function " + function;
    }

    private MethodHandle failing(String function, FunctionDescriptor type) {
        MethodHandle thrower = MethodHandles.insertArguments(THROW, 0, missing(function));
        MethodHandle typed = thrower.asType(
                java.lang.invoke.MethodType.methodType(type.toMethodType().returnType()));
        return MethodHandles.dropArguments(typed, 0, type.toMethodType().parameterList());
    }

    private static final MethodHandle THROW = findThrow();

    private static MethodHandle findThrow() {
        try {
            var type = java.lang.invoke.MethodType.methodType(Object.class, String.class);
            return MethodHandles.lookup().findStatic(NativeLibrary.class, "fail", type);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("fail", e);
        }
    }

    @SuppressWarnings("UnusedMethod") // through a method handle
    private static Object fail(String message) {
        throw new NativeException(message);
    }

    @Override
    public String toString() {
        return name + (symbols == null ? " (absent: " : " (") + where + ")";
    }
}
