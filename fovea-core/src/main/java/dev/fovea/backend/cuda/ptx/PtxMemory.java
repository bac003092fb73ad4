package dev.fovea.backend.cuda.ptx;

import dev.fovea.error.MemoryException;
import dev.fovea.error.NativeException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The memory of a device that is none: allocations with gaps between them, at addresses never used twice. Fresh memory is
 * full of NaN.
 */
final class PtxMemory {
    private static final VarHandle SHORTS =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final int ALIGNMENT = 256;
    private static final int GAP = 4096;

    private final long capacity;
    private long used;
    private long next = 0x1_0000_0000L; // an int is never an address

    /** In the order of their addresses. */
    private volatile Segment[] segments = {};

    PtxMemory(long capacity) {
        this.capacity = capacity;
    }

    /** Bytes from an address on. */
    record Segment(long base, byte[] content) {
        /** Fresh bytes. */
        static Segment of(long base, int bytes) {
            byte[] content = new byte[bytes];
            Arrays.fill(content, (byte) 0xff);
            return new Segment(base, content);
        }

        boolean holds(long address, long bytes) {
            long offset = address - base;
            return offset >= 0 && offset <= content.length - bytes;
        }

        /** A value of 1, 2, 4 or 8 bytes, without a sign. */
        long get(long address, int bytes) {
            int at = (int) (address - base);
            return switch (bytes) {
                case 1 -> content[at] & 0xffL;
                case 2 -> (short) SHORTS.get(content, at) & 0xffffL;
                case 4 -> (int) INTS.get(content, at) & 0xffff_ffffL;
                default -> (long) LONGS.get(content, at);
            };
        }

        void set(long address, int bytes, long value) {
            int at = (int) (address - base);
            switch (bytes) {
                case 1 -> content[at] = (byte) value;
                case 2 -> SHORTS.set(content, at, (short) value);
                case 4 -> INTS.set(content, at, (int) value);
                default -> LONGS.set(content, at, value);
            }
        }

        /** Reads a value for each lane, so far behind its offset. */
        void gather(int[] offsets, int behind, int bytes, long[] to) {
            switch (bytes) {
                case 2 -> {
                    for (int i = 0; i < PtxWarp.LANES; i++) {
                        to[i] = (short) SHORTS.get(content, offsets[i] + behind) & 0xffffL;
                    }
                }
                case 4 -> {
                    for (int i = 0; i < PtxWarp.LANES; i++) {
                        to[i] = (int) INTS.get(content, offsets[i] + behind) & 0xffff_ffffL;
                    }
                }
                default -> {
                    for (int i = 0; i < PtxWarp.LANES; i++) {
                        to[i] = get(base + offsets[i] + behind, bytes);
                    }
                }
            }
        }

        /** Writes a value of each lane, so far behind its offset. */
        void scatter(int[] offsets, int behind, int bytes, long[] from) {
            for (int i = 0; i < PtxWarp.LANES; i++) {
                set(base + offsets[i] + behind, bytes, from[i]);
            }
        }
    }

    long capacity() {
        return capacity;
    }

    synchronized long free() {
        return capacity - used;
    }

    synchronized long allocate(long bytes) {
        if (bytes < 0 || bytes > Math.min(capacity - used, Integer.MAX_VALUE - 16)) {
            throw new MemoryException(
                    "cannot allocate %,d bytes on the device: %,d of %,d bytes are free, at most %,d at once"
                            .formatted(bytes, capacity - used, capacity, Integer.MAX_VALUE - 16));
        }
        Segment segment = Segment.of(next, (int) bytes);
        next += (bytes + GAP + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        used += bytes;
        Segment[] more = Arrays.copyOf(segments, segments.length + 1);
        more[segments.length] = segment;
        segments = more;
        return segment.base;
    }

    synchronized void free(long address) {
        Segment segment = find(address);
        if (segment == null || segment.base != address) {
            throw new NativeException(
                    "cannot free device memory at 0x%x: nothing was allocated there".formatted(address));
        }
        used -= segment.content.length;
        segments = Arrays.stream(segments).filter(s -> s != segment).toArray(Segment[]::new);
    }

    synchronized void clear() {
        segments = new Segment[0];
        used = 0;
    }

    /** The allocation that has an address, or the last before it; null if there is none. */
    @Nullable
    Segment find(long address) {
        Segment[] all = segments;
        int from = 0;
        int to = all.length;
        while (from < to) {
            int middle = (from + to) >>> 1;
            if (all[middle].base <= address) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return from == 0 ? null : all[from - 1];
    }

    /** The allocation that has so many bytes from an address on. */
    Segment range(long address, long bytes) {
        Segment segment = find(address);
        if (segment == null || !segment.holds(address, bytes)) {
            throw new NativeException(
                    "cannot copy %,d bytes at 0x%x of the device: %s".formatted(bytes, address, describe(segment)));
        }
        return segment;
    }

    /** What is near an address that is not allocated. */
    static String describe(@Nullable Segment segment) {
        return segment == null
                ? "nothing is allocated there"
                : "nothing is allocated there; the nearest are %,d bytes at 0x%x"
                        .formatted(segment.content.length, segment.base);
    }
}
