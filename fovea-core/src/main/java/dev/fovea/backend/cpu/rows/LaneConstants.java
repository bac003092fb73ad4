package dev.fovea.backend.cpu.rows;

import static dev.fovea.backend.cpu.rows.Lanes.INT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;

import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;

/** Constants of machine code, each as long as the widest vector; they stay for the life of the JVM. */
final class LaneConstants {
    private static final Gpr TABLE = Gpr.R10;
    private static final int LINE = 64;
    private static final int ROOM = 64;
    private static final long AT =
            Arena.global().allocate((long) ROOM * LINE, LINE).address();
    private static final Map<Integer, Integer> PLACES = new HashMap<>();

    private LaneConstants() {}

    /** What a function begins with that uses constants; the register is theirs until it returns. */
    static void begin(Assembler a) {
        a.mov(TABLE, AT);
    }

    static Address of(float value) {
        return ofBits(Float.floatToRawIntBits(value));
    }

    static Address ofBits(int bits) {
        return Address.of(TABLE, place(bits) * LINE);
    }

    private static synchronized int place(int bits) {
        return PLACES.computeIfAbsent(bits, LaneConstants::write);
    }

    private static int write(int bits) {
        int place = PLACES.size();
        if (place == ROOM) {
            throw new IllegalStateException("more than " + ROOM + " constants");
        }
        for (int i = 0; i < LINE; i += Integer.BYTES) {
            MEMORY.set(INT, AT + (long) place * LINE + i, bits);
        }
        return place;
    }
}
