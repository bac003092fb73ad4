package dev.fovea.video;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.fovea.media.Picture;
import java.lang.foreign.MemorySegment;

/** Decoded frames to the RGB that torchcodec makes of them. Holds what the last frame needed, for the next. For one thread. */
final class Rgb implements AutoCloseable {
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
        int width = Frame.width(frame);
        int height = Frame.height(frame);
        int format = Frame.format(frame);
        int space = Frame.colorspace(frame);
        int rowsPerChroma = switch (format) {
            case YUV420P, YUVJ420P -> 2;
            case YUV422P, YUVJ422P -> 1;
            default -> 0;
        };
        boolean full = Frame.isFullRange(frame) || format == YUVJ420P || format == YUVJ422P;
        byte[] rgb = rowsPerChroma > 0 && height % 2 == 0 && Frame.linesize(frame, 0) > 0
                ? YuvToRgb.of(space, full)
                        .convert(
                                plane(frame, 0, width, height),
                                plane(frame, 1, (width + 1) / 2, height / rowsPerChroma),
                                plane(frame, 2, (width + 1) / 2, height / rowsPerChroma),
                                width,
                                height,
                                rowsPerChroma)
                : scaler.convert(frame, width, height, format, space, Frame.isFullRange(frame));
        return Turn.counterClockwise(new Picture(width, height, rgb), quarterTurns);
    }

    /** Without what pads its rows. */
    private static byte[] plane(MemorySegment frame, int plane, int width, int height) {
        int stride = Frame.linesize(frame, plane);
        MemorySegment rows = Frame.rows(frame, plane, width, height);
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
