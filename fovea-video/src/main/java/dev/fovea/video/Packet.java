package dev.fovea.video;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** AVPacket: a piece of a stream as the file has it, of video a frame. */
final class Packet implements AutoCloseable {
    /** AV_NOPTS_VALUE. */
    static final long NO_TIME = Long.MIN_VALUE;

    private static final long PTS = 8;
    private static final long DTS = 16;
    private static final long DATA = 24;
    private static final long SIZE = 32;
    private static final long STREAM_INDEX = 36;
    private static final long FLAGS = 40;
    private static final long DURATION = 64;
    private static final long PADDING = 64; // AV_INPUT_BUFFER_PADDING_SIZE
    private static final int DISCARD = 4; // AV_PKT_FLAG_DISCARD

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment pointer = Ffmpeg.get(() -> (MemorySegment) Ffmpeg.PACKET_ALLOC.invokeExact());

    MemorySegment pointer() {
        return pointer;
    }

    int streamIndex() {
        return Ffmpeg.intAt(pointer, STREAM_INDEX);
    }

    /** When it is shown, in the stream's units; when it is decoded, where the file does not say. */
    long time() {
        long pts = Ffmpeg.longAt(pointer, PTS);
        return pts == NO_TIME ? Ffmpeg.longAt(pointer, DTS) : pts;
    }

    boolean hasTime() {
        return Ffmpeg.longAt(pointer, PTS) != NO_TIME;
    }

    long duration() {
        return Ffmpeg.longAt(pointer, DURATION);
    }

    /** Whether it is decoded for others' sake, and not shown: an edit list says so. */
    boolean isHidden() {
        return (Ffmpeg.intAt(pointer, FLAGS) & DISCARD) != 0;
    }

    /** Makes it hold these bytes, which live as long as the arena. */
    void fill(Arena owner, byte[] bytes) {
        MemorySegment padded = owner.allocate(bytes.length + PADDING);
        MemorySegment.copy(bytes, 0, padded, JAVA_BYTE, 0, bytes.length);
        Ffmpeg.setPointer(pointer, DATA, padded);
        Ffmpeg.setInt(pointer, SIZE, bytes.length);
    }

    void clear() {
        Ffmpeg.call(() -> {
            Ffmpeg.PACKET_UNREF.invokeExact(pointer);
        });
    }

    @Override
    public void close() {
        try (arena) {
            MemorySegment variable = arena.allocateFrom(ADDRESS, pointer);
            Ffmpeg.call(() -> {
                Ffmpeg.PACKET_FREE.invokeExact(variable);
            });
        }
    }
}
