package dev.fovea.video;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The fields of AVFrame that are read. */
final class Frame {
    private static final long DATA = 0;
    private static final long LINESIZE = 64;
    private static final long WIDTH = 104;
    private static final long HEIGHT = 108;
    private static final long FORMAT = 116;
    private static final long PTS = 136;
    private static final long COLOR_RANGE = 280;
    private static final long COLORSPACE = 292;
    private static final int ALIGNMENT = 64;
    private static final int FULL = 2; // AVCOL_RANGE_JPEG

    private Frame() {}

    /** Three planes of such rows, aligned as those of decoders are, and nothing else. */
    static MemorySegment allocate(int width, int height, Arena arena) {
        MemorySegment frame = arena.allocate(FORMAT, Long.BYTES);
        int stride = (width + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        for (int plane = 0; plane < 3; plane++) {
            Ffmpeg.setPointer(frame, DATA + 8L * plane, arena.allocate((long) stride * (height + 1), ALIGNMENT));
            Ffmpeg.setInt(frame, LINESIZE + 4L * plane, stride);
        }
        return frame;
    }

    static int width(MemorySegment frame) {
        return Ffmpeg.intAt(frame, WIDTH);
    }

    static int height(MemorySegment frame) {
        return Ffmpeg.intAt(frame, HEIGHT);
    }

    /** AVPixelFormat. */
    static int format(MemorySegment frame) {
        return Ffmpeg.intAt(frame, FORMAT);
    }

    /** When it is shown, in the stream's units. */
    static long time(MemorySegment frame) {
        return Ffmpeg.longAt(frame, PTS);
    }

    static boolean isFullRange(MemorySegment frame) {
        return Ffmpeg.intAt(frame, COLOR_RANGE) == FULL;
    }

    /** AVColorSpace, which is H.273's matrix_coefficients. */
    static int colorspace(MemorySegment frame) {
        return Ffmpeg.intAt(frame, COLORSPACE);
    }

    /** Bytes from one row of a plane to the next. */
    static int linesize(MemorySegment frame, int plane) {
        return Ffmpeg.intAt(frame, LINESIZE + 4L * plane);
    }

    /** A plane whose rows have so many bytes, and what pads them. */
    static MemorySegment rows(MemorySegment frame, int plane, int bytes, int height) {
        return Ffmpeg.pointerAt(frame, DATA + 8L * plane)
                .reinterpret((long) linesize(frame, plane) * (height - 1) + bytes);
    }
}
