package dev.fovea.ffi.x86;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.error.NativeException;
import dev.fovea.ffi.NativeLibrary;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;

/**
 * Functions of bytes. Their pages are writable first and executable then, never both, and stay for the life of the JVM. Linux
 * on x86-64 alone.
 */
public final class MachineCode {
    private static final NativeLibrary C = NativeLibrary.platform().equals("linux-x86_64")
            ? NativeLibrary.ofSystem("the C library", List.of("libc.so.6"))
            : NativeLibrary.absent("machine code", "Fovea writes it for Linux on x86-64 alone");

    private static final int PROT_READ = 1;
    private static final int PROT_WRITE = 2;
    private static final int PROT_EXEC = 4;
    private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
    private static final long PAGE = 4096;

    /** Seven words to one, as all native functions are called here: each kind of call costs the start some classes. */
    private static final FunctionDescriptor WORDS = FunctionDescriptor.of(
            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

    /** Linked once, where there is the library. */
    private static final class Pages {
        private static final MethodHandle MAP = C.link("mmap", WORDS);
        private static final MethodHandle PROTECT = C.link("mprotect", WORDS);
    }

    private MachineCode() {}

    /**
     * Code as a function of System V's calling convention: seven words to one.
     *
     * @throws NativeException where this system runs none, with the reason
     */
    public static MethodHandle function(byte[] code) {
        return Linker.nativeLinker().downcallHandle(MemorySegment.ofAddress(address(code)), WORDS);
    }

    /** Whether this is a system that code can be written for; it may still let no program do so. */
    public static boolean isPresent() {
        return C.isPresent();
    }

    /**
     * The address of code, for other code to call.
     *
     * @throws NativeException where this system runs none, with the reason
     */
    public static long address(byte[] code) {
        if (!C.isPresent()) {
            throw new NativeException(C.where());
        }
        long bytes = (code.length + PAGE - 1) / PAGE * PAGE;
        long at = call(Pages.MAP, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
        if (at == -1) {
            throw new NativeException("mmap gave no memory for machine code");
        }
        MemorySegment memory = MemorySegment.ofAddress(at).reinterpret(bytes);
        MemorySegment.copy(code, 0, memory, JAVA_BYTE, 0, code.length);
        if ((int) call(Pages.PROTECT, at, bytes, PROT_READ | PROT_EXEC, 0, 0, 0) != 0) {
            call(C.link("munmap", WORDS), at, bytes, 0, 0, 0, 0);
            throw new NativeException("this system lets no program write its own code");
        }
        return at;
    }

    /** Calls a function; what it does not take it does not read. */
    public static long call(MethodHandle function, long a, long b, long c, long d, long e, long f) {
        return call(function, a, b, c, d, e, f, 0);
    }

    /** The same; a function finds the seventh word in memory, eight bytes above where RSP points when it begins. */
    public static long call(MethodHandle function, long a, long b, long c, long d, long e, long f, long g) {
        try {
            return (long) function.invokeExact(a, b, c, d, e, f, g);
        } catch (RuntimeException | Error thrown) {
            throw thrown;
        } catch (Throwable thrown) {
            throw new IllegalStateException(thrown); // a native function throws nothing
        }
    }
}
