package dev.fovea.media;

import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * What is known of a clip's time: transformers' VideoMetadata.
 *
 * @param totalNumFrames of the whole clip; qwen-vl-utils gives fractions
 * @param fps frames per second of the whole clip
 * @param takenFrames how many of the clip's frames were taken, the length of frames_indices; empty where nobody has chosen yet
 */
public record VideoMetadata(double totalNumFrames, OptionalDouble fps, OptionalInt takenFrames) {
    /** Frames per second where nobody knows. */
    private static final double ASSUMED_FPS = 24;

    /** Of frames about whose time nothing is known. */
    public static VideoMetadata ofFrames(int count) {
        return new VideoMetadata(count, OptionalDouble.empty(), OptionalInt.of(count));
    }

    /** Of a file, before any of its frames are chosen. */
    public static VideoMetadata ofFile(int count, double fps) {
        return new VideoMetadata(count, OptionalDouble.of(fps), OptionalInt.empty());
    }

    /** After some of the clip's frames were taken. */
    public VideoMetadata taking(int frames) {
        return new VideoMetadata(totalNumFrames, fps, OptionalInt.of(frames));
    }

    /** Frames per second of the frames that were taken. */
    public double sampledFps() {
        return takenFrames.isEmpty() || fps.isEmpty()
                ? fps.orElse(ASSUMED_FPS)
                : takenFrames.getAsInt() / totalNumFrames * fps.getAsDouble();
    }
}
