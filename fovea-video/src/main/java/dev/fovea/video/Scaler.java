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

    /**
     * What frames have in common.
     *
     * @param format AVPixelFormat
     * @param space AVColorSpace
     * @param full whether samples use all values from 0 to 255
     */
    record Kind(int width, int height, int format, int space, boolean full) {}

    private Kind kind = new Kind(0, 0, 0, 0, false);
    private MemorySegment context = MemorySegment.NULL;
    private MemorySegment out = MemorySegment.NULL;
    private final MemorySegment outs = Arena.ofAuto().allocate(ADDRESS, 4);
    private final MemorySegment strides = Arena.ofAuto().allocate(JAVA_INT, 4);

    /**
     * @param frame AVFrame
     * @return (height, width, 3)
     */
    byte[] convert(MemorySegment frame, Kind wanted) {
        prepare(wanted);
        MemorySegment fields = frame.reinterpret(96); // data and linesize
        Ffmpeg.call(() -> {
            int _ = (int)
                    Ffmpeg.SWS_SCALE.invokeExact(context, fields, fields.asSlice(64), 0, wanted.height, outs, strides);
        });
        byte[] rgb = new byte[3 * wanted.width * wanted.height];
        MemorySegment.copy(out, JAVA_BYTE, 0, rgb, 0, rgb.length);
        return rgb;
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
        int stride = 3 * wanted.width;
        out = Arena.ofAuto().allocate((long) stride * (wanted.height + 1), ALIGNMENT); // swscale writes a little behind
        outs.set(ADDRESS, 0, out);
        strides.set(JAVA_INT, 0, stride);
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
