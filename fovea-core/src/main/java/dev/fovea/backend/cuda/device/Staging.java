package dev.fovea.backend.cuda.device;

import dev.fovea.ffi.Cleanup;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;

/**
 * Pinned memory of the host through which bytes go to a device: several slots in turn, each free again when what it held has
 * arrived. In the current context; for one thread at a time.
 */
final class Staging implements AutoCloseable {
    /** From so many bytes on several threads copy, each its part: one does not keep up with the bus. */
    private static final long PART = 4L << 20;

    private final long stream;
    private final long slotBytes;
    private final MemorySegment memory;
    private final long[] arrived;
    private int next;

    Staging(long stream, int slots, long slotBytes) {
        this.stream = stream;
        this.slotBytes = slotBytes;
        memory = Driver.allocatePinned(slots * slotBytes);
        try {
            arrived = Streams.createEvents(slots);
        } catch (RuntimeException | Error e) {
            Cleanup.after(e, () -> Driver.freePinned(memory));
            throw e;
        }
    }

    /** Copies to the device, the last slots later; {@code from} is free again on return. */
    void upload(MemorySegment from, long to) {
        for (long at = 0; at < from.byteSize(); at += slotBytes) {
            MemorySegment piece = from.asSlice(at, Math.min(slotBytes, from.byteSize() - at));
            Streams.awaitEvent(arrived[next]);
            MemorySegment slot = memory.asSlice(next * slotBytes, piece.byteSize());
            fill(piece, slot);
            Streams.upload(slot, to + at, stream);
            Streams.record(arrived[next], stream);
            next = (next + 1) % arrived.length;
        }
    }

    /** Copies from the device and waits for it. */
    void download(long from, MemorySegment to) {
        for (long at = 0; at < to.byteSize(); at += slotBytes) {
            MemorySegment piece = to.asSlice(at, Math.min(slotBytes, to.byteSize() - at));
            Streams.awaitEvent(arrived[next]);
            MemorySegment slot = memory.asSlice(next * slotBytes, piece.byteSize());
            Streams.download(from + at, slot, stream);
            Streams.record(arrived[next], stream);
            Streams.awaitEvent(arrived[next]);
            fill(slot, piece);
            next = (next + 1) % arrived.length;
        }
    }

    private static void fill(MemorySegment from, MemorySegment to) {
        long bytes = from.byteSize();
        int parts = (int) ((bytes + PART - 1) / PART);
        boolean shared = from.isAccessibleBy(ANOTHER) && to.isAccessibleBy(ANOTHER);
        if (parts < 2 || !shared) {
            to.copyFrom(from);
            return;
        }
        IntStream.range(0, parts).parallel().forEach(i -> {
            long at = i * PART;
            MemorySegment.copy(from, at, to, at, Math.min(PART, bytes - at));
        });
    }

    private static final Thread ANOTHER = Thread.ofPlatform().unstarted(() -> {});

    @Override
    public void close() {
        Cleanup.all(() -> Streams.destroyEvents(arrived), () -> Driver.freePinned(memory));
    }
}
