package dev.fovea.io;

import dev.fovea.error.InputException;
import dev.fovea.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;

/** A file of named tensors, mapped into memory. May be shared by threads. */
public interface WeightFile extends AutoCloseable {

    /**
     * A tensor in a file.
     *
     * @param begin its first byte, counted from the start of the file's data
     * @param end one past its last byte
     */
    record Entry(String name, StoredType type, Shape shape, long begin, long end) {
        /** Number of bytes. */
        public long bytes() {
            return end - begin;
        }
    }

    Path path();

    /** The tensors by name, in the file's order. */
    Map<String, Entry> entries();

    /**
     * The bytes of a tensor: little-endian, row-major, read-only, at any alignment. Valid until {@link #close}.
     *
     * @throws InputException if the file has no such tensor
     */
    MemorySegment segment(String name);

    /** @throws InputException where the file was written to, or cut, since it was mapped: what is read may be anything */
    void checkUnchanged();

    /** Unmaps the file, once nobody reads it; segments of it throw {@link IllegalStateException} from then on. Idempotent. */
    @Override
    void close();
}
