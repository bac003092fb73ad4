package dev.fovea.ffi.x86;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.ffi.NativeFunction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Calls functions of C that report an error by a function that must not return, as libjpeg's do: that function ends the call
 * instead, as longjmp would, and no frame of Java is between. For one thread.
 */
public final class Escape {
    private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15, Gpr.RSP};
    private static final int ESCAPED = SAVED.length * Long.BYTES;

    private static final NativeFunction CALL = MachineCode.nativeFunction(call());

    private final MemorySegment frame;

    /** @param arena of the memory that {@link #frame} is the address of */
    public Escape(Arena arena) {
        frame = arena.allocate(ESCAPED + Long.BYTES, Long.BYTES);
    }

    /** What the function for errors has to find. */
    public long frame() {
        return frame.address();
    }

    /**
     * The code of a function for errors: of an address in whose memory the frame's address is.
     *
     * @param at bytes from there
     */
    public static byte[] error(int at) {
        Assembler a = new Assembler(256);
        a.load(Gpr.R8, Address.of(Gpr.RDI, at));
        a.clear(Gpr.RAX);
        a.add(Gpr.RAX, 1);
        a.store(Address.of(Gpr.R8, ESCAPED), Gpr.RAX);
        for (int i = 0; i < SAVED.length; i++) {
            a.load(SAVED[i], Address.of(Gpr.R8, i * Long.BYTES));
        }
        a.ret();
        return a.code();
    }

    /**
     * Calls a function of up to three words.
     *
     * @return whether it came back by itself
     */
    public boolean call(long function, long a, long b, long c) {
        frame.set(JAVA_LONG, ESCAPED, 0);
        CALL.call(function, a, b, c, frame.address(), 0);
        return frame.get(JAVA_LONG, ESCAPED) == 0;
    }

    /** The stack is a multiple of 16 bytes where a function is called, and eight less in it. */
    private static byte[] call() {
        Assembler a = new Assembler(256);
        for (int i = 0; i < SAVED.length; i++) {
            a.store(Address.of(Gpr.R8, i * Long.BYTES), SAVED[i]);
        }
        a.push(Gpr.RBX);
        a.mov(Gpr.RAX, Gpr.RDI);
        a.mov(Gpr.RDI, Gpr.RSI);
        a.mov(Gpr.RSI, Gpr.RDX);
        a.mov(Gpr.RDX, Gpr.RCX);
        a.call(Gpr.RAX);
        a.pop(Gpr.RBX);
        a.ret();
        return a.code();
    }
}
