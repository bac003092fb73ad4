package dev.fovea.media;

import dev.fovea.error.InputException;
import java.util.List;
import java.util.Optional;

/**
 * A clip as a front end of the reference hands it to the processor: frames of one size, in the order of time.
 *
 * @param frames at least one
 * @param metadata where the front end knows the clip's time
 * @param float32 whether the reference holds the frames as float32 numbers, which are then resized without rounding; their
 *     values are whole all the same
 */
public record DecodedVideo(List<Picture> frames, Optional<VideoMetadata> metadata, boolean float32) {

    /** The most pixels of all frames together: what an array of Java holds as RGB. */
    public static final long MAX_PIXELS = Integer.MAX_VALUE / 3;

    public DecodedVideo {
        frames = List.copyOf(frames);
        if (frames.isEmpty()) {
            throw new InputException("a clip has no frames; expected at least one");
        }
        for (int i = 1; i < frames.size(); i++) {
            if (!frames.get(i).hasSizeOf(frames.getFirst())) {
                throw new InputException(
                        "frame " + (i + 1) + " of a clip has " + size(frames.get(i)) + " pixels, the first has "
                                + size(frames.getFirst()),
                        "give frames of one size");
            }
        }
    }

    /** Frames as transformers loads them: bytes, and nothing known about their time. */
    public static DecodedVideo of(List<Picture> frames) {
        return new DecodedVideo(frames, Optional.empty(), false);
    }

    public int width() {
        return frames.getFirst().width();
    }

    public int height() {
        return frames.getFirst().height();
    }

    /**
     * @param count frames of the clip
     * @throws InputException where so many frames like this one are too large together
     */
    static void checkSize(Picture frame, int count) {
        if ((long) frame.width() * frame.height() * count > MAX_PIXELS) {
            throw new InputException(
                    "a clip has " + count + " frames of " + size(frame) + " pixels; at most " + MAX_PIXELS
                            + " pixels are read together",
                    "give fewer or smaller frames");
        }
    }

    private static String size(Picture frame) {
        return frame.width() + " x " + frame.height();
    }
}
