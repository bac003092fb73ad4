package dev.fovea.video;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.fovea.error.InputException;
import dev.fovea.media.Av1Decoder;
import dev.fovea.media.YuvPicture;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** The first frame of AV1 units, by FFmpeg. */
public final class FfmpegAv1 implements Av1Decoder {

    /** AVPixelFormat to bits, and pixels that share a sample of colour. */
    private record Format(int depth, int chromaX, int chromaY) {
        static Format of(int number) {
            return switch (number) {
                case 0, 12 -> new Format(8, 2, 2); // YUV420P, YUVJ420P
                case 4, 13 -> new Format(8, 2, 1); // YUV422P, YUVJ422P
                case 5, 14 -> new Format(8, 1, 1); // YUV444P, YUVJ444P
                case 71 -> new Format(8, 1, 1); // GBRP
                case 8 -> new Format(8, 0, 0); // GRAY8
                case 62 -> new Format(10, 2, 2); // YUV420P10LE
                case 64 -> new Format(10, 2, 1); // YUV422P10LE
                case 68 -> new Format(10, 1, 1); // YUV444P10LE
                case 168 -> new Format(10, 0, 0); // GRAY10LE
                default ->
                    throw new InputException(
                            "The AVIF file has the pixel format number " + number + ", which is not supported",
                            "convert it, as by: avifdec FILE picture.png");
            };
        }
    }

    @Override
    public YuvPicture decode(byte[] units) {
        Ffmpeg.require();
        List<YuvPicture> frames = new ArrayList<>();
        try (Arena arena = Arena.ofConfined();
                Decoder decoder = Decoder.ofAv1();
                Packet packet = new Packet()) {
            packet.fill(arena, units);
            decoder.decode(packet, frame -> frames.add(picture(frame)));
            decoder.flush(frame -> frames.add(picture(frame)));
        }
        if (frames.isEmpty()) {
            throw new InputException(
                    "The AVIF file is truncated or damaged: its AV1 cannot be decoded",
                    "fetch or save the picture again");
        }
        return frames.getFirst();
    }

    private static YuvPicture picture(MemorySegment frame) {
        Format format = Format.of(Frame.format(frame));
        int planes = format.chromaX == 0 ? 1 : 3;
        YuvPicture picture = new YuvPicture(
                Frame.width(frame),
                Frame.height(frame),
                format.depth,
                format.chromaX,
                format.chromaY,
                Frame.colorspace(frame),
                Frame.isFullRange(frame),
                new short[planes][]);
        for (int i = 0; i < planes; i++) {
            picture.planes()[i] = plane(frame, i, picture);
        }
        return picture;
    }

    private static short[] plane(MemorySegment frame, int index, YuvPicture of) {
        int width = index == 0 ? of.width() : Math.ceilDiv(of.width(), of.chromaX());
        int height = index == 0 ? of.height() : Math.ceilDiv(of.height(), of.chromaY());
        int bytes = of.depth() > 8 ? 2 : 1;
        MemorySegment rows = Frame.rows(frame, index, width * bytes, height);
        long stride = Frame.linesize(frame, index);
        short[] samples = new short[width * height];
        for (int y = 0, i = 0; y < height; y++) {
            for (int x = 0; x < width; x++, i++) {
                samples[i] = bytes == 2
                        ? rows.get(JAVA_SHORT_UNALIGNED, y * stride + 2L * x)
                        : (short) (rows.get(JAVA_BYTE, y * stride + x) & 255);
            }
        }
        return samples;
    }
}
