package dev.fovea.models;

import dev.fovea.error.OptionException;
import dev.fovea.io.Config;
import dev.fovea.io.Range;
import dev.fovea.media.VideoMetadata;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Which frames of a clip the processor takes: sample_frames of Qwen2VLVideoProcessor.
 *
 * @param doSampleFrames else all are taken
 * @param numFrames that many, rounded to whole temporal patches
 * @param fps that many in a second of the clip, at least minFrames and at most maxFrames
 */
public record FrameSampling(
        boolean doSampleFrames,
        Optional<Integer> numFrames,
        Optional<Double> fps,
        int minFrames,
        int maxFrames,
        int temporalPatchSize) {

    /** From the video processor's configuration. */
    static FrameSampling of(Config c, int temporalPatchSize) {
        return new FrameSampling(
                c.flag("do_sample_frames", false),
                c.optionalInteger("num_frames", Range.POSITIVE),
                c.optionalNumber("fps", Range.SCALE),
                c.integer("min_frames", 4, Range.POSITIVE),
                c.integer("max_frames", 768, Range.POSITIVE),
                temporalPatchSize);
    }

    /**
     * With what a call gives.
     *
     * @param ofFiles whether it is about video files, of which fps and num_frames say enough
     * @throws OptionException for options without effect
     */
    FrameSampling with(Config call, boolean ofFiles) {
        boolean asked = ofFiles && (call.has("fps") || call.has("num_frames"));
        boolean sample = call.flag("do_sample_frames", asked || doSampleFrames);
        for (String key : new String[] {"num_frames", "fps", "min_frames", "max_frames"}) {
            if (!sample && call.has(key)) {
                throw new OptionException(
                        key + " chooses frames of a clip where do_sample_frames is true; it is false",
                        "of a video file give fps or num_frames with it; of frames do_sample_frames=true, and their own rate in"
                                + " video_metadata");
            }
        }
        Optional<Integer> count = call.optionalInteger("num_frames");
        Optional<Double> rate = call.optionalNumber("fps");
        boolean chosen = count.isPresent() || rate.isPresent(); // then the configuration's other one does not count
        return new FrameSampling(
                sample,
                chosen ? count : numFrames,
                chosen ? rate : fps,
                call.integer("min_frames", minFrames),
                call.integer("max_frames", maxFrames),
                temporalPatchSize);
    }

    /**
     * The frames to take, in order.
     *
     * @param given how many frames there are
     * @throws OptionException where not one of num_frames and fps is given, the clip has not so many frames, or its frame rate is
     *     needed and not known
     */
    int[] indices(VideoMetadata metadata, int given) {
        double total = metadata.totalNumFrames();
        double count = count(metadata);
        if (count < 1 || count > total) {
            throw new OptionException(
                    "num_frames or fps asks for " + (long) count + " frames, in whole temporal patches of "
                            + temporalPatchSize + "; the clip has " + (long) total,
                    "change num_frames, fps or min_frames");
        }
        double step = total / count;
        double last = Math.ceil(total / step) - 1;
        if (last == count) {
            last--; // rounding gave one too many, which the reference looks for behind the clip's end
        }
        if ((float) (last * step) >= given) {
            throw new OptionException("video_metadata says that the clip has " + (long) total + " frames; " + given
                    + " are given, so that frame " + (long) (float) (last * step) + " cannot be taken");
        }
        return IntStream.rangeClosed(0, (int) last)
                .map(i -> (int) (float) (i * step)) // torch.arange gives float32
                .toArray();
    }

    private double count(VideoMetadata metadata) {
        if (numFrames.isPresent() == fps.isPresent() || numFrames.orElse(1) < 1 || fps.orElse(1.0) <= 0) {
            throw new OptionException("do_sample_frames needs one of num_frames and fps, above 0; num_frames is "
                    + numFrames.map(Object::toString).orElse("not given") + ", fps is "
                    + fps.map(Object::toString).orElse("not given"));
        }
        return numFrames.isPresent() ? wholePatches(Math.rint(numFrames.get() / patch())) : atFps(metadata);
    }

    private double atFps(VideoMetadata metadata) {
        if (metadata.fps().isEmpty()) {
            throw new OptionException(
                    "fps takes frames of a clip whose own rate is not known",
                    "give video_metadata with fps and total_num_frames, or num_frames instead of fps");
        }
        double total = metadata.totalNumFrames();
        double most = wholePatches(Math.floor(Math.min(maxFrames, total) / patch()));
        double wanted = total / metadata.fps().getAsDouble() * fps.orElseThrow();
        double count = Math.min(Math.min(Math.max(wanted, minFrames), most), total);
        return wholePatches(Math.floor(count / patch()));
    }

    private double patch() {
        return temporalPatchSize;
    }

    private double wholePatches(double patches) {
        return patches * temporalPatchSize;
    }
}
