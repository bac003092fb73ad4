package dev.fovea.video;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.fovea.error.InputException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * swscale with the settings of torchcodec: bicubic, matrix and range by the frame's tags, and nothing else, which would be another
 * picture. For one thread.
 */
final class Scaler implements AutoCloseable {
    private static final int RGB24 = 2;
    private static final int BICUBIC = 4;
    private static final int ONE = 1 << 16;
    private static final long ALIGNMENT = 64;

    private record Kind(int width, int height, int format, int space, boolean full) {}

    private Kind kind = new Kind(0, 0, 0, 0, false);
    private MemorySegment context = MemorySegment.NULL;

    /**
     * @param frame AVFrame
     * @param space AVColorSpace
     * @return (height, width, 3)
     */
    byte[] convert(MemorySegment frame, int width, int height, int format, int space, boolean full) {
        prepare(new Kind(width, height, format, space, full));
        try (Arena arena = Arena.ofConfined()) {
            int stride = 3 * width;
            MemorySegment out =
                    arena.allocate((long) stride * (height + 1), ALIGNMENT); // swscale writes a little behind
            MemorySegment outs = arena.allocate(ADDRESS, 4);
            outs.set(ADDRESS, 0, out);
            MemorySegment strides = arena.allocate(JAVA_INT, 4);
            strides.set(JAVA_INT, 0, stride);
            MemorySegment fields = frame.reinterpret(96); // data and linesize
            Ffmpeg.call(() -> {
                int _ = (int)
                        Ffmpeg.SWS_SCALE.invokeExact(context, fields, fields.asSlice(64), 0, height, outs, strides);
            });
            byte[] rgb = new byte[stride * height];
            MemorySegment.copy(out, JAVA_BYTE, 0, rgb, 0, rgb.length);
            return rgb;
        }
    }

    private void prepare(Kind wanted) {
        if (wanted.equals(kind)) {
            return;
        }
        close();
        Ffmpeg.call(() -> {
            context = (MemorySegment) Ffmpeg.SWS_CONTEXT.invokeExact(
                    wanted.width,
                    wanted.height,
                    wanted.format,
                    wanted.width,
                    wanted.height,
                    RGB24,
                    BICUBIC,
                    MemorySegment.NULL,
                    MemorySegment.NULL,
                    MemorySegment.NULL);
            if (Ffmpeg.isNull(context)) {
                throw new InputException(
                        "a clip's frames have the pixel format number " + wanted.format + ", which cannot be converted",
                        "convert it, as by: ffmpeg -i FILE -pix_fmt yuv420p clip.mp4");
            }
            MemorySegment matrix = (MemorySegment) Ffmpeg.SWS_COEFFICIENTS.invokeExact(wanted.space);
            int _ = (int)
                    Ffmpeg.SWS_COLORSPACE.invokeExact(context, matrix, wanted.full ? 1 : 0, matrix, 0, 0, ONE, ONE);
        });
        kind = wanted;
    }

    @Override
    public void close() {
        if (!Ffmpeg.isNull(context)) {
            Ffmpeg.call(() -> {
                Ffmpeg.SWS_FREE.invokeExact(context);
            });
            context = MemorySegment.NULL;
        }
    }
}
