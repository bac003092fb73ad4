package dev.fovea.ffi.x86;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class EscapeTest {
    private static final int FRAME_AT = 24;

    /** A function of a structure and a function for errors, which it calls two frames down with all registers overwritten. */
    private static byte[] failing() {
        Assembler a = new Assembler(256);
        for (Gpr register : new Gpr[] {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15}) {
            a.push(register);
            a.mov(register, Gpr.RDI);
        }
        a.call(Gpr.RSI);
        a.ret();
        return a.code();
    }

    @Test
    void errorsEndTheCall() {
        assumeTrue(MachineCode.isPresent());
        long error = MachineCode.address(Escape.error(FRAME_AT));
        long failing = MachineCode.address(failing());
        Assembler returning = new Assembler(256);
        returning.ret();
        long fine = MachineCode.address(returning.code());
        try (Arena arena = Arena.ofConfined()) {
            Escape escape = new Escape(arena);
            MemorySegment structure = arena.allocate(FRAME_AT + Long.BYTES, Long.BYTES);
            structure.set(JAVA_LONG, FRAME_AT, escape.frame());
            for (int i = 0; i < 1000; i++) {
                assertThat(escape.call(failing, structure.address(), error, 0)).isFalse();
                assertThat(escape.call(fine, structure.address(), error, 0)).isTrue();
            }
        }
    }
}
