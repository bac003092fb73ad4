package dev.fovea.media.transforms;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * {@link Taps} as machine code reads them: constants, then weights of 16 bits. Where weights have more bits, each is two numbers,
 * the lower {@value #LOW_BITS} bits and the rest, whose sums are put together at the end.
 *
 * @param parts of a weight
 * @param steps in which the weights of a new pixel are taken
 * @param memory in which a new pixel's weights begin at {@link #weightsOf}
 */
record TapsTable(Taps taps, int parts, int steps, long bytesOfPixel, MemorySegment memory) {
    static final int BYTES = 32; // of a vector

    // registers
    static final int ORDER = 15;
    private static final int ROUND = 14;
    private static final int PRECISION = 13;

    private static final int LOW_BITS = 12;
    private static final int LOW_MASK = (1 << LOW_BITS) - 1;

    private static final int ORDER_AT = 0;
    private static final int ROUND_AT = 32;
    private static final int PRECISION_AT = 64;
    private static final int STEPS_AT = 72;
    private static final int WEIGHTS_AT = 96;

    /**
     * @param pixels whose weights are taken at a time
     * @param bytesOfStep of their weights
     * @param order of the kernel's own
     */
    static TapsTable of(Taps taps, int pixels, int bytesOfStep, byte[] order) {
        int parts = Arrays.stream(taps.weights()).allMatch(w -> w == (short) w) ? 1 : 2;
        int steps = Math.ceilDiv(Arrays.stream(taps.count()).max().orElse(1), pixels);
        long bytesOfPixel = (long) steps * parts * bytesOfStep;
        MemorySegment memory = Arena.ofAuto().allocate(WEIGHTS_AT + taps.first().length * bytesOfPixel, BYTES);
        MemorySegment.copy(order, 0, memory, JAVA_BYTE, ORDER_AT, order.length);
        for (int lane = 0; lane < BYTES / Integer.BYTES; lane++) {
            memory.set(JAVA_INT, ROUND_AT + 4L * lane, 1 << taps.precision() - 1);
        }
        memory.set(JAVA_LONG, PRECISION_AT, taps.precision());
        memory.set(JAVA_LONG, STEPS_AT, steps);
        return new TapsTable(taps, parts, steps, bytesOfPixel, memory);
    }

    long weightsOf(int pixel) {
        return WEIGHTS_AT + pixel * bytesOfPixel;
    }

    /** Puts a part of weight k of a new pixel somewhere. */
    void put(long at, int pixel, int k, int part) {
        int weight = k < taps.count()[pixel] ? taps.weights()[pixel * taps.stride() + k] : 0;
        if (parts == 2) {
            weight = part == 0 ? weight & LOW_MASK : weight >> LOW_BITS;
        }
        memory.set(JAVA_SHORT, at, (short) weight);
    }

    /** Loads the constants. */
    static void constants(Assembler a, Gpr table) {
        a.vmovups(ORDER, Address.of(table, ORDER_AT));
        a.vmovups(ROUND, Address.of(table, ROUND_AT));
        a.vmovups(PRECISION, Address.of(table, PRECISION_AT));
    }

    static void loadSteps(Assembler a, Gpr to, Gpr table) {
        a.load(to, Address.of(table, STEPS_AT));
    }

    /** Sums of the lower parts and, where there are two, of the upper ones to the new values. */
    static void finish(Assembler a, int parts, int low, int high) {
        if (parts == 2) {
            a.vpslld(high, high, LOW_BITS);
            a.vpaddd(low, low, high);
        }
        a.vpaddd(low, low, ROUND);
        a.vpsradBy(low, low, PRECISION);
    }
}
