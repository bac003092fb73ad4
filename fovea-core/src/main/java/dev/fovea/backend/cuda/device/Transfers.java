package dev.fovea.backend.cuda.device;

import dev.fovea.ffi.Cleanup;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Ways between the host and a device: few bytes and many through pinned memory of their own, and mapped files where they lie. In the
 * current context; for one thread at a time.
 */
final class Transfers implements AutoCloseable {
    /** Of tables and the like, which come often; of weights. */
    private static final int SMALL_SLOTS = 16;

    private static final long SMALL_SLOT = 256L << 10;
    private static final long MOST_SMALL = 1L << 20;
    private static final int LARGE_SLOTS = 2;
    private static final long LARGE_SLOT = 64L << 20;

    private final long stream;
    private final Staging small;
    private final Optional<MappedUpload> mapped;
    private @Nullable Staging large;

    Transfers(int device, long stream) {
        this.stream = stream;
        small = new Staging(stream, SMALL_SLOTS, SMALL_SLOT);
        try {
            mapped = MappedUpload.of(device, stream);
        } catch (RuntimeException | Error e) {
            Cleanup.after(e, small::close);
            throw e;
        }
    }

    /** Copies to the device, perhaps later; {@code from} is free again on return. */
    void upload(MemorySegment from, long to) {
        if (from.byteSize() <= MOST_SMALL) {
            small.upload(from, to);
            return;
        }
        long done = from.isMapped() && mapped.isPresent() ? mapped.get().upload(from, to) : 0;
        if (done < from.byteSize()) {
            large().upload(from.asSlice(done), to + done);
        }
    }

    private Staging large() {
        Staging there = large;
        if (there == null) {
            there = new Staging(stream, LARGE_SLOTS, LARGE_SLOT);
            large = there;
        }
        return there;
    }

    /** Copies from the device and waits for it. */
    void download(long from, MemorySegment to) {
        small.download(from, to);
    }

    @Override
    public void close() {
        Staging many = large;
        Cleanup.all(small::close, many == null ? () -> {} : many::close, () -> mapped.ifPresent(MappedUpload::close));
    }
}
