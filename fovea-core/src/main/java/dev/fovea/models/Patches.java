package dev.fovea.models;

import dev.fovea.media.Picture;
import dev.fovea.media.transforms.Normalization;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Frames to the rows of pixel_values, in the order that {@link Qwen2VLImageProcessor} describes, one time after another.
 */
record Patches(int patchSize, int temporalPatchSize, int mergeSize) {

    /** A frame's normalised values. */
    interface Frame {
        /** Copies count values of a channel, from a pixel on in reading order. */
        void copy(int channel, int pixel, int count, float[] out, int at);

        static Frame of(Picture picture, Normalization normalization) {
            byte[] rgb = picture.rgb();
            return (channel, pixel, count, out, at) -> {
                float[] values = normalization.table()[channel];
                int source = 3 * pixel + channel;
                for (int i = 0; i < count; i++) {
                    out[at + i] = values[rgb[source + 3 * i] & 0xff];
                }
            };
        }

        /** @param values (pixels, 3), normalised */
        static Frame of(float[] values) {
            return (channel, pixel, count, out, at) -> {
                for (int i = 0; i < count; i++) {
                    out[at + i] = values[3 * (pixel + i) + channel];
                }
            };
        }
    }

    int rowLength() {
        return 3 * temporalPatchSize * patchSize * patchSize;
    }

    /** A side in patches is a multiple of this in pixels. */
    int factor() {
        return patchSize * mergeSize;
    }

    /** The grid of frames of this size; where the last time lacks frames, the last frame is repeated. */
    GridThw grid(int frames, SmartResize size) {
        return new GridThw(
                Math.ceilDiv(frames, temporalPatchSize), size.height() / patchSize, size.width() / patchSize);
    }

    /** @param frames at least one, of the grid's size */
    Pixels of(List<Frame> frames, GridThw grid) {
        float[] out = new float[Math.multiplyExact(grid.patches(), rowLength())];
        int bands = grid.h() / mergeSize;
        IntStream.range(0, grid.t() * bands)
                .parallel()
                .forEach(i -> band(frames, i / bands * temporalPatchSize, i % bands, grid.w(), out, i));
        return new Pixels(out, grid.patches(), rowLength());
    }

    /** A row of squares. */
    private void band(List<Frame> frames, int firstFrame, int band, int gridWidth, float[] out, int index) {
        int at = index * gridWidth * mergeSize * rowLength();
        for (int c = 0; c < gridWidth / mergeSize; c++) {
            for (int r = 0; r < mergeSize; r++) {
                for (int s = 0; s < mergeSize; s++, at += rowLength()) {
                    int y = (band * mergeSize + r) * patchSize;
                    int x = (c * mergeSize + s) * patchSize;
                    patch(frames, firstFrame, y, x, gridWidth * patchSize, out, at);
                }
            }
        }
    }

    private void patch(List<Frame> frames, int firstFrame, int top, int left, int width, float[] out, int start) {
        int area = patchSize * patchSize;
        int at = start;
        for (int channel = 0; channel < 3; channel++) {
            for (int t = 0; t < temporalPatchSize; t++, at += area) {
                if (firstFrame + t < frames.size()) {
                    copy(frames.get(firstFrame + t), channel, top, left, width, out, at);
                } else {
                    System.arraycopy(out, at - area, out, at, area);
                }
            }
        }
    }

    private void copy(Frame frame, int channel, int top, int left, int width, float[] out, int at) {
        for (int y = 0; y < patchSize; y++) {
            frame.copy(channel, (top + y) * width + left, patchSize, out, at + y * patchSize);
        }
    }
}
