package dev.fovea.backend.cuda.device;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.fovea.ffi.Cleanup;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * Copies from a mapped file without a copy on the host: its pages are pinned where they are, piece by piece, and the device reads
 * them itself. In the current context; for one thread at a time.
 */
final class MappedUpload implements AutoCloseable {
    private static final long PIECE = 256L << 20;

    private final long stream;
    private final long page;
    private final long[] arrived = Streams.createEvents(2); // of a piece at work, and of the one before it
    private boolean refused;

    private MappedUpload(long stream, long page) {
        this.stream = stream;
        this.page = page;
    }

    /** Where the device can do it, and the system property {@code fovea.cuda.register} is not false. */
    static Optional<MappedUpload> of(int device, long stream) {
        boolean wanted = !"false".equals(System.getProperty("fovea.cuda.register"));
        return wanted && Driver.attribute(Driver.READ_ONLY_REGISTER, device) == 1
                ? pageBytes().map(page -> new MappedUpload(stream, page))
                : Optional.empty();
    }

    private static Optional<Long> pageBytes() {
        Linker linker = Linker.nativeLinker();
        return linker.defaultLookup().find("getpagesize").map(function -> {
            MethodHandle ask = linker.downcallHandle(function, FunctionDescriptor.of(JAVA_INT));
            return (long) Call.of(() -> (int) ask.invokeExact());
        });
    }

    /**
     * Copies to the device and waits for it.
     *
     * @return how many bytes of the start were copied: fewer than there are where the system will not pin more
     */
    long upload(MemorySegment from, long to) {
        long start = from.address();
        long end = start + from.byteSize();
        Deque<Long> pinned = new ArrayDeque<>(); // pieces, by where they begin
        try {
            long at = start;
            for (int i = 0; at < end; i++) {
                long first = at & -page;
                long next = Math.min(end, first + PIECE);
                if (refused || !Driver.registerReadOnly(first, ((next + page - 1) & -page) - first)) {
                    refused = true;
                    break;
                }
                pinned.add(first);
                Streams.upload(from.asSlice(at - start, next - at), to + (at - start), stream);
                Streams.record(arrived[i % 2], stream);
                at = next;
                if (i > 0) {
                    Streams.awaitEvent(arrived[(i + 1) % 2]); // the piece before: this one is on its way meanwhile
                    Driver.unregister(pinned.remove());
                }
            }
            release(pinned);
            return at - start;
        } catch (RuntimeException | Error e) {
            Cleanup.after(e, () -> release(pinned));
            throw e;
        }
    }

    /** What is pinned stays so for as long as the process lives, unless somebody ends it. */
    private void release(Deque<Long> pinned) {
        if (!pinned.isEmpty()) {
            List<Long> pieces = List.copyOf(pinned);
            pinned.clear();
            Cleanup.all(() -> Streams.await(stream), () -> Cleanup.each(pieces, Driver::unregister));
        }
    }

    @Override
    public void close() {
        Streams.destroyEvents(arrived);
    }
}
