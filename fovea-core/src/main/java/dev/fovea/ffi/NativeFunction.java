package dev.fovea.ffi;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.error.NativeException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * A C function that is called with seven words and gives one. A register holds a pointer as it does an integer, and what a function
 * does not take it does not read.
 *
 * <p>All such functions share one handle, to which the address is an argument: the JVM spins classes for each kind of call, and again
 * for each handle that is called often and is no constant.
 */
public final class NativeFunction {
    private final MemorySegment at;
    private final String missing;

    private NativeFunction(MemorySegment at, String missing) {
        this.at = at;
        this.missing = missing;
    }

    /** The function at an address. */
    public static NativeFunction at(long address) {
        return new NativeFunction(MemorySegment.ofAddress(address), "");
    }

    /** One that is not there: calls throw a {@link NativeException} with the reason. */
    static NativeFunction absent(String reason) {
        return new NativeFunction(MemorySegment.NULL, reason);
    }

    /** When first called: where the JVM denies native access there is nothing to call. */
    private static final class Words {
        private static final MethodHandle CALL = Linker.nativeLinker()
                .downcallHandle(FunctionDescriptor.of(
                        JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));
    }

    /** @throws NativeException where the function is not there */
    public long call(long a, long b, long c, long d, long e, long f) {
        return call(a, b, c, d, e, f, 0);
    }

    /**
     * The same; by System V's convention a function finds the seventh word in memory, eight bytes above where RSP points when it begins.
     *
     * @throws NativeException where the function is not there
     */
    public long call(long a, long b, long c, long d, long e, long f, long g) {
        if (!missing.isEmpty()) {
            throw new NativeException(missing);
        }
        try {
            return (long) Words.CALL.invokeExact(at, a, b, c, d, e, f, g);
        } catch (RuntimeException | Error thrown) {
            throw thrown;
        } catch (Throwable thrown) {
            throw new IllegalStateException(thrown); // a native function throws nothing
        }
    }
}
