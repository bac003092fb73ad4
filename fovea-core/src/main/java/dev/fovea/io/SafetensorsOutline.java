package dev.fovea.io;

import dev.fovea.error.InputException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;

/** A safetensors file of which the header alone is known, for what follows shapes: its tensors have no data. May be shared by threads. */
public final class SafetensorsOutline implements WeightFile {
    private final Path path;
    private final SafetensorsHeader header;

    private SafetensorsOutline(Path path, SafetensorsHeader header) {
        this.path = path;
        this.header = header;
    }

    /**
     * @param path where the file would be
     * @param bytes of the whole file
     * @param beginning so many of them as {@link #headerEnd} says, or more
     * @throws InputException where the file breaks a rule of the format
     */
    public static SafetensorsOutline of(Path path, long bytes, byte[] beginning) {
        try {
            return new SafetensorsOutline(path, SafetensorsHeader.read(path, bytes, beginning));
        } catch (IOException e) {
            throw InputException.cannot("read", path, e);
        }
    }

    /** Where the header of a file ends that begins so; 0 where it announces none that is read. */
    public static long headerEnd(byte[] first) {
        return SafetensorsHeader.end(first);
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public Map<String, Entry> entries() {
        return header.entries();
    }

    /** {@link MemorySegment#NULL}. */
    @Override
    public MemorySegment segment(String name) {
        return MemorySegment.NULL;
    }

    @Override
    public void checkUnchanged() {}

    @Override
    public void close() {}
}
