package dev.fovea.ffi;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The lock on a file that Python's filelock takes: flock(2). Java's own locks are fcntl's on Unix, which flock does not see. Where there
 * is no flock, nothing is locked: it saves two programs the same work, and nothing may depend on it.
 *
 * <p>A lock ends with {@link #close}, and with the process.
 */
public final class Flock implements AutoCloseable {
    private static final int READ_WRITE = 2; // O_RDWR
    private static final int EXCLUSIVE_NOW = 2 | 4; // LOCK_EX | LOCK_NB
    private static final boolean LINUX = System.getProperty("os.name").equals("Linux");
    private static final int CLOSE_ON_EXEC = LINUX ? 0x80000 : 0x1000000; // O_CLOEXEC

    private static final class C {
        static final @Nullable MethodHandle OPEN =
                link("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT), Linker.Option.firstVariadicArg(2));
        static final @Nullable MethodHandle FLOCK = link("flock", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
        static final @Nullable MethodHandle CLOSE = link("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

        private static @Nullable MethodHandle link(String name, FunctionDescriptor type, Linker.Option... options) {
            try {
                SymbolLookup symbols = Linker.nativeLinker().defaultLookup();
                Optional<MemorySegment> address = symbols.find(name);
                return address.map(a -> Linker.nativeLinker().downcallHandle(a, type, options))
                        .orElse(null);
            } catch (IllegalCallerException | UnsupportedOperationException _) {
                return null;
            }
        }
    }

    private int descriptor;

    private Flock(int descriptor) {
        this.descriptor = descriptor;
    }

    /**
     * Takes the lock if it is free.
     *
     * @param file made where it is not there
     * @return empty where another process or thread has it
     * @throws IOException where the file cannot be made
     */
    public static Optional<Flock> tryLock(Path file) throws IOException {
        Files.createDirectories(file.getParent());
        if (!Files.exists(file)) {
            Files.newByteChannel(
                            file,
                            java.util.Set.of(
                                    java.nio.file.StandardOpenOption.CREATE, java.nio.file.StandardOpenOption.WRITE))
                    .close();
        }
        if (C.OPEN == null
                || C.FLOCK == null
                || C.CLOSE == null
                || System.getProperty("os.name").startsWith("Windows")) {
            return Optional.of(new Flock(-1));
        }
        try (Arena arena = Arena.ofConfined()) {
            int descriptor = (int) C.OPEN.invokeExact(arena.allocateFrom(file.toString()), READ_WRITE | CLOSE_ON_EXEC);
            if (descriptor < 0) {
                return Optional.of(new Flock(-1));
            }
            if ((int) C.FLOCK.invokeExact(descriptor, EXCLUSIVE_NOW) == 0) {
                return Optional.of(new Flock(descriptor));
            }
            int _ = (int) C.CLOSE.invokeExact(descriptor);
            return Optional.empty();
        } catch (Throwable e) {
            throw new AssertionError(e); // none of them throws
        }
    }

    @Override
    public void close() {
        if (descriptor >= 0 && C.CLOSE != null) {
            try {
                int _ = (int) C.CLOSE.invokeExact(descriptor);
            } catch (Throwable e) {
                throw new AssertionError(e); // it does not throw
            }
            descriptor = -1;
        }
    }
}
