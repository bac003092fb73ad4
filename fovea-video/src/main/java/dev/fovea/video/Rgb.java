package dev.fovea.video;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.fovea.media.Picture;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;

/** Decoded frames to the RGB that torchcodec makes of them. Holds what the last frame needed, for the next. For one thread. */
final class Rgb implements AutoCloseable {
    // AVPixelFormat
    private static final int YUV420P = 0;
    private static final int YUV422P = 4;
    private static final int YUVJ420P = 12;
    private static final int YUVJ422P = 13;

    private static final int ROWS_TRIED = 16;

    private final int quarterTurns;
    private final Scaler scaler = new Scaler();
    private Scaler.Kind tried = new Scaler.Kind(0, 0, 0, 0, false);
    private boolean scalerIsExact;

    /** @param quarterTurns counter-clockwise, that each frame is turned by */
    Rgb(int quarterTurns) {
        this.quarterTurns = quarterTurns;
    }

    /** The frame as it is shown. */
    Picture picture(MemorySegment frame) {
        int width = Frame.width(frame);
        int height = Frame.height(frame);
        var kind =
                new Scaler.Kind(width, height, Frame.format(frame), Frame.colorspace(frame), Frame.isFullRange(frame));
        boolean hasFormula = rowsPerChroma(kind) > 0 && height % 2 == 0 && Frame.linesize(frame, 0) > 0;
        byte[] rgb = hasFormula && !scalerIsExact(kind) ? byFormula(frame, kind) : scaler.convert(frame, kind);
        return Turn.counterClockwise(new Picture(width, height, rgb), quarterTurns);
    }

    /** How many rows share one of chroma in formats that there is a formula for; 0 in others. */
    private static int rowsPerChroma(Scaler.Kind kind) {
        return switch (kind.format()) {
            case YUV420P, YUVJ420P -> 2;
            case YUV422P, YUVJ422P -> 1;
            default -> 0;
        };
    }

    /** swscale is four times as fast as the formula, but only what it does with vectors of x86 is the same: a few rows show it. */
    private boolean scalerIsExact(Scaler.Kind kind) {
        if (!kind.equals(tried)) {
            tried = kind;
            var few = new Scaler.Kind(kind.width(), ROWS_TRIED, kind.format(), kind.space(), kind.full());
            MemorySegment frame = noise(few, Arena.ofAuto());
            try (Scaler other = new Scaler()) {
                scalerIsExact = Arrays.equals(other.convert(frame, few), byFormula(frame, few));
            }
        }
        return scalerIsExact;
    }

    private static MemorySegment noise(Scaler.Kind kind, Arena arena) {
        MemorySegment frame = Frame.allocate(kind.width(), kind.height(), arena);
        for (int plane = 0; plane < 3; plane++) {
            MemorySegment rows = Frame.rows(frame, plane, Frame.linesize(frame, plane), kind.height());
            byte[] samples = new byte[(int) rows.byteSize()];
            new Random(plane).nextBytes(samples);
            MemorySegment.copy(samples, 0, rows, JAVA_BYTE, 0, samples.length);
        }
        return frame;
    }

    private static byte[] byFormula(MemorySegment frame, Scaler.Kind kind) {
        int rowsPerChroma = rowsPerChroma(kind);
        int chromaWidth = (kind.width() + 1) / 2;
        int chromaHeight = kind.height() / rowsPerChroma;
        boolean full = kind.full() || kind.format() == YUVJ420P || kind.format() == YUVJ422P;
        return YuvToRgb.of(kind.space(), full)
                .convert(
                        plane(frame, 0, kind.width(), kind.height()),
                        plane(frame, 1, chromaWidth, chromaHeight),
                        plane(frame, 2, chromaWidth, chromaHeight),
                        kind.width(),
                        kind.height(),
                        rowsPerChroma);
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
