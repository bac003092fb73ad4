package dev.fovea.ffi.x86;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.error.NativeException;
import dev.fovea.ffi.NativeFunction;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Functions of bytes. Their pages are writable first and executable then, never both, and stay for the life of the JVM. Linux
 * on x86-64 alone.
 */
public final class MachineCode {
    /** Seven words to one, as all native functions are called here: each kind of call costs the start some classes. */
    static final FunctionDescriptor WORDS = FunctionDescriptor.of(
            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

    private MachineCode() {}

    /**
     * Code as a function of System V's calling convention: seven words to one.
     *
     * @throws NativeException where this system runs none, with the reason
     */
    public static NativeFunction nativeFunction(byte[] code) {
        return NativeFunction.at(address(code));
    }

    /**
     * The same as a handle of its own, which the JVM specialises when it is called often.
     *
     * @throws NativeException where this system runs none, with the reason
     */
    public static MethodHandle function(byte[] code) {
        return Linker.nativeLinker().downcallHandle(MemorySegment.ofAddress(address(code)), WORDS);
    }

    /** Whether this is a system that code can be written for; it may still let no program do so. */
    public static boolean isPresent() {
        return Pages.isPresent();
    }

    /**
     * The address of code, for other code to call.
     *
     * @throws NativeException where this system runs none, with the reason
     */
    public static long address(byte[] code) {
        if (!Pages.isPresent()) {
            throw new NativeException(Pages.where());
        }
        long at = Pages.map(code.length);
        MemorySegment memory = MemorySegment.ofAddress(at).reinterpret(code.length);
        MemorySegment.copy(code, 0, memory, JAVA_BYTE, 0, code.length);
        if (!Pages.makeExecutable(at, code.length)) {
            Pages.unmap(at, code.length);
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
