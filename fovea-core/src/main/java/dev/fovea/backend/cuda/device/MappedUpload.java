package dev.fovea.backend.cuda.device;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Copies from a mapped file without a copy on the host: its pages are pinned where they are, piece by piece, and the device reads
 * them itself. In the current context; for one thread at a time.
 */
final class MappedUpload implements AutoCloseable {
    private static final long PIECE = 256L << 20;

    private final long stream;
    private final long page;
    private final long[] arrived = new long[2];
    private boolean refused;

    private MappedUpload(long stream, long page) {
        this.stream = stream;
        this.page = page;
        for (int i = 0; i < arrived.length; i++) {
            arrived[i] = Streams.createEvent();
        }
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
        long before = 0; // the piece whose copy may still run
        long at = start;
        for (int i = 0; at < end && !refused; i++) {
            long first = at & -page;
            long next = Math.min(end, first + PIECE);
            long bytes = ((next + page - 1) & -page) - first;
            refused = !Driver.registerReadOnly(first, bytes);
            if (!refused) {
                Streams.upload(from.asSlice(at - start, next - at), to + (at - start), stream);
                Streams.record(arrived[i % 2], stream);
                at = next;
            }
            if (i > 0) {
                Streams.awaitEvent(arrived[(i + 1) % 2]);
                Driver.unregister(before);
            }
            before = first;
            if (!refused && at == end) {
                Streams.awaitEvent(arrived[i % 2]);
                Driver.unregister(first);
            }
        }
        return at - start;
    }

    @Override
    public void close() {
        for (long event : arrived) {
            Streams.destroyEvent(event);
        }
    }
}
