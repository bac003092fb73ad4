package dev.fovea.ffi.x86;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.fovea.error.NativeException;
import dev.fovea.ffi.NativeFunction;
import java.lang.foreign.MemorySegment;

/**
 * Functions of bytes. Their pages are writable first and executable then, never both, and stay for the life of the JVM. Linux
 * on x86-64 alone.
 */
public final class MachineCode {
    private MachineCode() {}

    /**
     * Code as a function of System V's calling convention: seven words to one.
     *
     * @throws NativeException where this system runs none, with the reason
     */
    public static NativeFunction nativeFunction(byte[] code) {
        return NativeFunction.at(address(code));
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
}
