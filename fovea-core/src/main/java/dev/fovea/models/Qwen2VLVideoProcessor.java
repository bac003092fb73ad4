package dev.fovea.models;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.io.Config;
import dev.fovea.io.Json;
import dev.fovea.io.Range;
import dev.fovea.media.DecodedVideo;
import dev.fovea.media.Picture;
import dev.fovea.media.VideoMetadata;
import dev.fovea.media.transforms.Filter;
import dev.fovea.media.transforms.FloatResampler;
import dev.fovea.media.transforms.Resampler;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * Clips to patches: Qwen2VLVideoProcessor, of Qwen2.5-VL and LLaVA-OneVision-1.5. Each frame is resized as a picture is;
 * pixel_values_videos is what {@link Qwen2VLImageProcessor} makes of pictures, one time after another.
 *
 * @param frames limits of a frame's size, patches and normalisation
 * @param capPixelsPerFrame whether the frames of a long clip get smaller, so that the clip keeps within maxVideoTokens
 */
public record Qwen2VLVideoProcessor(
        Qwen2VLImageProcessor frames, FrameSampling sampling, boolean capPixelsPerFrame, int maxVideoTokens) {

    /** From video_preprocessor_config.json or what takes its place. */
    public static Qwen2VLVideoProcessor of(Config c) {
        c.ignore("names of classes", "video_processor_type");
        c.ignore("always returned", "return_metadata");
        Qwen2VLImageProcessor frames = Qwen2VLImageProcessor.of(c, 128 * 28 * 28, 768 * 28 * 28);
        return new Qwen2VLVideoProcessor(
                frames,
                FrameSampling.of(c, frames.temporalPatchSize()),
                c.flag("cap_pixels_per_frame", false),
                c.integer("max_video_tokens", 128_000, Range.POSITIVE));
    }

    /**
     * The clips of one request.
     *
     * @param call keyword arguments of the processor: {@code video_metadata}, {@code do_sample_frames}, {@code fps}, …
     * @throws OptionException for options that contradict each other or the clips
     * @throws InputException for a clip that is too large
     */
    public List<Inputs.Visual> process(List<DecodedVideo> videos, Config call) {
        Qwen2VLVideoProcessor processor = new Qwen2VLVideoProcessor(
                frames.with(call),
                sampling.with(call, videos.stream().anyMatch(Qwen2VLVideoProcessor::isFile)),
                call.flag("cap_pixels_per_frame", capPixelsPerFrame),
                maxVideoTokens);
        if (!videos.isEmpty() && processor.frames.steps().resampler() != Resampler.TORCHVISION) {
            throw new OptionException("resampler is \"pil\"; clips are resized by torchvision alone");
        }
        List<VideoMetadata> metadata = metadata(videos, call);
        List<Inputs.Visual> visuals = new ArrayList<>();
        for (int i = 0; i < videos.size(); i++) {
            visuals.add(processor.process(videos.get(i), metadata.get(i)));
        }
        return visuals;
    }

    private static boolean isFile(DecodedVideo video) {
        return video.metadata().isPresent() && !video.isSampled();
    }

    private Inputs.Visual process(DecodedVideo video, VideoMetadata metadata) {
        int given = video.frames().count();
        boolean samples = sampling.doSampleFrames() && !video.isSampled();
        int[] indices = samples
                ? sampling.indices(metadata, given)
                : IntStream.range(0, given).toArray();
        VideoMetadata taken = samples ? metadata.taking(indices.length) : metadata;
        SmartResize size = size(video, indices.length);
        GridThw grid = grid(size, indices.length);
        List<Patches.Frame> resized = video.frames().map(indices, p -> resize(p, size, video.float32()));
        return new Inputs.Visual(
                frames.patches().of(resized, grid),
                Optional.of(grid),
                grid.tokens(frames.mergeSize()),
                frames.temporalPatchSize() / taken.sampledFps(),
                video.width(),
                video.height(),
                List.of(View.whole(size.width(), size.height(), video.width(), video.height())));
    }

    private SmartResize size(DecodedVideo video, int count) {
        double max = frames.maxPixels();
        if (capPixelsPerFrame) {
            int factor = frames.patches().factor();
            long budget = (long) (maxVideoTokens * (double) (factor * factor) * 0.9);
            long share = budget * frames.temporalPatchSize() / count;
            max = Math.max(Math.min(max, (double) share), Math.floor(frames.minPixels() * 1.05));
        }
        return frames.size(video.height(), video.width(), max);
    }

    private GridThw grid(SmartResize size, int count) {
        GridThw grid = frames.patches().grid(count, size);
        long pixels = (long) grid.t() * frames.temporalPatchSize() * size.height() * size.width();
        if (pixels > DecodedVideo.MAX_PIXELS) {
            throw new InputException(
                    "a clip has " + count + " frames, which are resized to " + size.width() + " x " + size.height()
                            + " pixels; at most " + DecodedVideo.MAX_PIXELS + " pixels are processed together",
                    "give fewer frames, or lower max_pixels");
        }
        return grid;
    }

    private Patches.Frame resize(Picture picture, SmartResize size, boolean float32) {
        ImageSteps steps = frames.steps();
        boolean keeps = picture.width() == size.width() && picture.height() == size.height();
        if (!float32 || keeps) {
            return Patches.Frame.of(steps.resized(picture, size.width(), size.height()), steps.normalization());
        }
        if (steps.filter() != Filter.BICUBIC) {
            throw new InputException(
                    "resample in the processor of clips names the filter " + steps.filter()
                            + "; clips that qwen_vl_utils opens are resized by BICUBIC",
                    "open the clip by load_image");
        }
        float[] values = FloatResampler.bicubic(picture, size.width(), size.height());
        steps.normalize(values);
        return Patches.Frame.of(values);
    }

    /** What is known of each clip's time: from its front end, from the call, or nothing. */
    private static List<VideoMetadata> metadata(List<DecodedVideo> videos, Config call) {
        Optional<List<VideoMetadata>> given = call.value("video_metadata").map(Qwen2VLVideoProcessor::parse);
        boolean sampled = videos.stream().anyMatch(DecodedVideo::isSampled);
        if (sampled && (given.isPresent() || call.flag("do_sample_frames", false))) {
            throw new OptionException(
                    "video_metadata and do_sample_frames do not go with clips that qwen_vl_utils opens",
                    "leave them out; sample_fps in the video item says how many frames make a second");
        }
        if (given.isEmpty()) {
            return videos.stream()
                    .map(v -> v.metadata()
                            .orElseGet(() -> VideoMetadata.ofFrames(v.frames().count())))
                    .toList();
        }
        if (videos.stream().anyMatch(v -> v.metadata().isPresent())) {
            throw new OptionException("video_metadata is for clips that are given as frames; a video file has its own");
        }
        if (given.get().size() != videos.size()) {
            throw new OptionException("video_metadata has " + given.get().size() + " entries, and " + videos.size()
                    + " clips are given; expected one for each");
        }
        return given.get();
    }

    private static List<VideoMetadata> parse(Object json) {
        List<?> entries = json instanceof List<?> list ? list : List.of(json);
        return entries.stream()
                .map(entry -> metadata(Config.of(Json.object(entry, "video_metadata"), "video_metadata")))
                .toList();
    }

    private static VideoMetadata metadata(Config c) {
        c.ignore("of no influence in the reference", "width", "height", "duration", "video_backend");
        double total = c.number("total_num_frames");
        Optional<Double> fps = c.optionalNumber("fps");
        if (total <= 0 || fps.orElse(1.0) <= 0) {
            throw new OptionException("video_metadata has total_num_frames " + total + " and fps "
                    + fps.map(Object::toString).orElse("null") + "; expected more than 0");
        }
        OptionalInt taken = c.optionalIntegers("frames_indices")
                .map(i -> OptionalInt.of(i.length))
                .orElse(OptionalInt.empty());
        if (!c.unread().isEmpty()) {
            throw new OptionException("video_metadata has the unknown key " + String.join(", ", c.unread())
                    + "; known: total_num_frames, fps, frames_indices, width, height, duration, video_backend");
        }
        return new VideoMetadata(total, fps.map(OptionalDouble::of).orElse(OptionalDouble.empty()), taken);
    }
}
