package dev.fovea.video;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.fovea.media.Picture;
import java.lang.foreign.MemorySegment;

/** Decoded frames to the RGB that torchcodec makes of them. Holds what the last frame needed, for the next. For one thread. */
final class Rgb implements AutoCloseable {
    // AVFrame
    private static final long DATA = 0;
    private static final long LINESIZE = 64;
    private static final long WIDTH = 104;
    private static final long HEIGHT = 108;
    private static final long FORMAT = 116;
    private static final long COLOR_RANGE = 280;
    private static final long COLORSPACE = 292;
    private static final int FULL = 2; // AVCOL_RANGE_JPEG
    // AVPixelFormat
    private static final int YUV420P = 0;
    private static final int YUV422P = 4;
    private static final int YUVJ420P = 12;
    private static final int YUVJ422P = 13;

    private final int quarterTurns;
    private final Scaler scaler = new Scaler();

    /** @param quarterTurns counter-clockwise, that each frame is turned by */
    Rgb(int quarterTurns) {
        this.quarterTurns = quarterTurns;
    }

    /** The frame as it is shown. */
    Picture picture(MemorySegment frame) {
        int width = Ffmpeg.intAt(frame, WIDTH);
        int height = Ffmpeg.intAt(frame, HEIGHT);
        int format = Ffmpeg.intAt(frame, FORMAT);
        int range = Ffmpeg.intAt(frame, COLOR_RANGE);
        int space = Ffmpeg.intAt(frame, COLORSPACE);
        int rowsPerChroma = switch (format) {
            case YUV420P, YUVJ420P -> 2;
            case YUV422P, YUVJ422P -> 1;
            default -> 0;
        };
        boolean full = range == FULL || format == YUVJ420P || format == YUVJ422P;
        byte[] rgb = rowsPerChroma > 0 && height % 2 == 0 && linesize(frame, 0) > 0
                ? YuvToRgb.of(space, full)
                        .convert(
                                plane(frame, 0, width, height),
                                plane(frame, 1, (width + 1) / 2, height / rowsPerChroma),
                                plane(frame, 2, (width + 1) / 2, height / rowsPerChroma),
                                width,
                                height,
                                rowsPerChroma)
                : scaler.convert(frame, width, height, format, space, range == FULL);
        return Turn.counterClockwise(new Picture(width, height, rgb), quarterTurns);
    }

    private static int linesize(MemorySegment frame, int plane) {
        return Ffmpeg.intAt(frame, LINESIZE + 4L * plane);
    }

    /** Without what pads its rows. */
    private static byte[] plane(MemorySegment frame, int plane, int width, int height) {
        int stride = linesize(frame, plane);
        MemorySegment rows =
                Ffmpeg.pointerAt(frame, DATA + 8L * plane).reinterpret((long) stride * (height - 1) + width);
        byte[] samples = new byte[width * height];
        for (int y = 0; y < height; y++) {
            MemorySegment.copy(rows, JAVA_BYTE, (long) y * stride, samples, y * width, width);
        }
        return samples;
    }

    @Override
    public void close() {
        scaler.close();
    }
}
