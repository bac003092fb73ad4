package dev.fovea.media;

import dev.fovea.error.InputException;
import java.util.List;
import java.util.Optional;

/**
 * A clip as a front end of the reference hands it to the processor: frames of one size, in the order of time.
 *
 * @param frames at least one; those of a file are read when the processor has chosen among them
 * @param metadata where the front end knows the clip's time; where it says how many frames were taken, the front end has chosen
 * @param float32 whether the reference holds the frames as float32 numbers, which are then resized without rounding; their
 *     values are whole all the same
 */
public record DecodedVideo(Frames frames, Optional<VideoMetadata> metadata, boolean float32) {

    /** The most pixels of all frames together: what an array of Java holds as RGB. */
    public static final long MAX_PIXELS = Integer.MAX_VALUE / 3;

    public DecodedVideo {
        if (frames.count() == 0) {
            throw new InputException("a clip has no frames; expected at least one");
        }
    }

    /** Frames in memory. */
    public DecodedVideo(List<Picture> pictures, Optional<VideoMetadata> metadata, boolean float32) {
        this(new FramesInMemory(pictures), metadata, float32);
        for (int i = 1; i < pictures.size(); i++) {
            if (!pictures.get(i).hasSizeOf(pictures.getFirst())) {
                throw new InputException(
                        "frame " + (i + 1) + " of a clip has " + size(pictures.get(i)) + " pixels, the first has "
                                + size(pictures.getFirst()),
                        "give frames of one size");
            }
        }
    }

    /** Frames as transformers loads them: bytes, and nothing known about their time. */
    public static DecodedVideo of(List<Picture> pictures) {
        return new DecodedVideo(pictures, Optional.empty(), false);
    }

    /** A file as transformers opens it: all its frames, for the processor to choose from. */
    public static DecodedVideo of(VideoFile file) {
        return new DecodedVideo(file, Optional.of(file.metadata()), false);
    }

    /** Whether the front end has chosen among the clip's frames, so that the processor does not. */
    public boolean isSampled() {
        return metadata.isPresent() && metadata.get().takenFrames().isPresent();
    }

    public int width() {
        return frames.width();
    }

    public int height() {
        return frames.height();
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
