package dev.fovea.models;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.io.Config;

/**
 * Which frames of a video file qwen-vl-utils takes: calculate_video_frame_range, smart_nframes, and torch's linspace between both
 * ends.
 *
 * @param first index of a frame
 * @param last likewise; not before first
 */
record VideoRange(int first, int last) {
    private static final int FACTOR = 2;
    private static final double FPS = 2;
    private static final int MIN_FRAMES = 4;
    private static final int MAX_FRAMES = 768;

    /**
     * What video_start and video_end ask for, in seconds; else the whole clip.
     *
     * @throws OptionException where nothing lies between them
     */
    static VideoRange of(Config item, int total, double fps) {
        double duration = total / fps;
        int first = item.optionalNumber("video_start")
                .map(s -> (int) Math.ceil(clamped(s, duration) * fps))
                .orElse(0);
        int last = item.optionalNumber("video_end")
                .map(s -> Math.min((int) Math.floor(clamped(s, duration) * fps), total - 1))
                .orElse(total - 1);
        if ((item.has("video_start") || item.has("video_end")) && first >= last) {
            throw new OptionException(
                    "video_start and video_end leave nothing of the clip: from frame " + first + " to frame " + last
                            + "; it has " + total + " frames in " + duration + " s",
                    "give two seconds within the clip, the smaller one first");
        }
        return new VideoRange(first, last);
    }

    private static double clamped(double seconds, double duration) {
        return Math.max(0, Math.min(seconds, duration));
    }

    int count() {
        return last - first + 1;
    }

    /**
     * How many frames to take: nframes, else fps times the seconds.
     *
     * @throws OptionException where both are given, or they ask for none or for more than there are
     * @throws InputException where there is one frame alone
     */
    int frames(Config item, double fps) {
        if (item.has("fps") && item.has("nframes")) {
            throw new OptionException("a video item has fps and nframes; they exclude each other", "give one of them");
        }
        if (count() < FACTOR) {
            throw new InputException(
                    "a clip has " + count() + " frame; qwen_vl_utils takes at least " + FACTOR, "give it as a picture");
        }
        double frames =
                item.has("nframes") ? Math.rint(item.integer("nframes") / (double) FACTOR) * FACTOR : atFps(item, fps);
        if (frames < FACTOR || frames > count()) {
            String keys = item.has("nframes") ? "nframes asks" : "fps, min_frames and max_frames ask";
            throw new OptionException(keys + " for " + (long) frames + " frames, in whole pairs; expected from "
                    + FACTOR + " to " + count() + ", which the clip or the chosen part of it has");
        }
        return (int) frames;
    }

    private double atFps(Config item, double fps) {
        double wanted = item.number("fps", FPS);
        double min = Math.ceil(item.integer("min_frames", MIN_FRAMES) / (double) FACTOR) * FACTOR;
        double max = Math.floor(item.integer("max_frames", Math.min(MAX_FRAMES, count())) / (double) FACTOR) * FACTOR;
        double frames = count() / fps * wanted;
        frames = Math.min(Math.min(Math.max(frames, min), max), count());
        return Math.floor(frames / FACTOR) * FACTOR;
    }

    /** So many frames in equal steps, both ends among them; in float32 as {@code torch.linspace(first, last, n).round()}. */
    int[] indices(int frames) {
        int[] indices = new int[frames];
        float step = (float) (last - first) / (frames - 1);
        for (int i = 0; i < frames; i++) {
            float at = i < frames / 2
                    ? Math.fma(step, (float) i, (float) first)
                    : Math.fma(-step, (float) (frames - 1 - i), (float) last);
            indices[i] = (int) Math.rint(at);
        }
        return indices;
    }
}
