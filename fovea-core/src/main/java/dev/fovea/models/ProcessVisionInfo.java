package dev.fovea.models;

import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import dev.fovea.io.Config;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.DecodedVideo;
import dev.fovea.media.Frames;
import dev.fovea.media.Picture;
import dev.fovea.media.VideoFile;
import dev.fovea.media.VideoMetadata;
import dev.fovea.media.VideoSource;
import dev.fovea.media.transforms.Filter;
import dev.fovea.media.transforms.FloatResampler;
import dev.fovea.media.transforms.Resampler;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The front end that Qwen2.5-VL and LLaVA-OneVision-1.5 document: qwen-vl-utils' process_vision_info, version 0.0.14. It opens a
 * picture as Pillow does, puts RGBA over white, and resizes by Pillow to what the message item asks for. The processor behind it
 * finds sides that are multiples of 28 already.
 */
public final class ProcessVisionInfo {
    /** Keys of an image item that ask for this front end. */
    public static final List<String> IMAGE_OPTIONS =
            List.of("resized_height", "resized_width", "min_pixels", "max_pixels");

    private static final String READER = "video_reader";
    private static final List<String> CLIP_OPTIONS =
            List.of("resized_height", "resized_width", "min_pixels", "max_pixels", "total_pixels");
    private static final List<String> FRAMES_OPTIONS = List.of("sample_fps", "raw_fps");
    private static final List<String> FILE_OPTIONS =
            List.of("fps", "nframes", "min_frames", "max_frames", "video_start", "video_end", READER);

    /** Keys of a video item that ask for this front end. */
    public static final Set<String> VIDEO_OPTIONS = Stream.of(CLIP_OPTIONS, FRAMES_OPTIONS, FILE_OPTIONS)
            .flatMap(List::stream)
            .collect(Collectors.toUnmodifiableSet());

    private static final Set<String> NEUTRAL =
            Set.of("type", "image", "image_url", "url", "path", "base64", "text", "video");
    private static final int FACTOR = 28;
    private static final int MIN_TOKENS = 4;
    private static final int MAX_TOKENS = 16_384;
    private static final double FRAME_MIN_PIXELS = 128 * FACTOR * FACTOR;
    private static final double FRAME_MAX_PIXELS = 768 * FACTOR * FACTOR;
    private static final double TOTAL_PIXELS = 128_000 * FACTOR * FACTOR * 0.9;
    private static final double SAMPLE_FPS = 2;

    private ProcessVisionInfo() {}

    /**
     * One picture.
     *
     * @param item the message item that names it, with its options
     * @throws OptionException for an option that qwen-vl-utils does not have, or for one side without the other
     */
    public static DecodedImage image(DecodedImage image, Config item) {
        check(item, "image item", IMAGE_OPTIONS);
        return image.toRgbByQwenVlUtils().mapPixels(picture -> resized(picture, item, FACTOR));
    }

    private static Picture resized(Picture picture, Config item, int factor) {
        double area = factor * factor;
        SmartResize size = size(
                picture.height(),
                picture.width(),
                item,
                factor,
                item.number("min_pixels", MIN_TOKENS * area),
                item.number("max_pixels", MAX_TOKENS * area));
        return Resampler.PIL.resize(picture, size.width(), size.height(), Filter.BICUBIC);
    }

    /**
     * A clip that is given as frames. Each frame goes through the way of pictures first, there with sides that are multiples of
     * 56: fetch_video hands the factor on where the size of a patch is expected. Then an odd number of frames gets its last one
     * twice, and all are resized as frames of a clip.
     *
     * @param item the message item that names it, with its options
     * @throws OptionException for an option that qwen-vl-utils has not, or has for video files only
     */
    public static DecodedVideo video(VideoSource source, Config item) {
        int given = source.frames().size();
        refuse(
                item,
                FILE_OPTIONS,
                "which chooses frames of a video file; this clip is given as " + given + " frames",
                "give the frames that are wanted, and sample_fps, how many of them make a second");
        check(item, "video item", VIDEO_OPTIONS);
        List<Picture> frames =
                new ArrayList<>(source.decode(frame -> resized(frame.decode().rgbaOverWhite(), item, 2 * FACTOR)));
        if (frames.size() % 2 == 1) {
            frames.add(frames.getLast());
        }
        DecodedVideo stacked = DecodedVideo.of(frames);
        int[] all = IntStream.range(0, frames.size()).toArray();
        return resized(stacked.frames(), all, metadata(frames.size(), item), item);
    }

    /**
     * A clip in a video file. Its frames are read here, those that are wanted, and each is resized before the next one comes.
     *
     * @param item the message item that names it, with its options
     * @throws OptionException for an option that qwen-vl-utils has not, or has for clips given as frames only, and where the options
     *     and the clip do not fit
     */
    public static DecodedVideo video(VideoFile file, Config item) {
        refuse(
                item,
                FRAMES_OPTIONS,
                "which says how many of a clip's frames make a second; a video file says so itself",
                "fps chooses so many frames of a second");
        check(item, "video item", VIDEO_OPTIONS);
        VideoFile read = readBy(item.string(READER, "torchcodec"), file);
        VideoRange range = VideoRange.of(item, read.count(), read.fps());
        int[] indices = range.indices(range.frames(item, read.fps()));
        VideoMetadata metadata =
                new VideoMetadata(range.count(), OptionalDouble.of(read.fps()), OptionalInt.of(indices.length));
        return resized(read, indices, metadata, item);
    }

    private static VideoFile readBy(String reader, VideoFile file) {
        return switch (reader) {
            case "torchcodec" -> file;
            case "decord" -> file.countedByDecord();
            default ->
                throw new OptionException(
                        "a video item has the video_reader " + Quote.of(reader) + "; expected torchcodec or decord");
        };
    }

    private static DecodedVideo resized(Frames frames, int[] indices, VideoMetadata metadata, Config item) {
        SmartResize size = size(frames, indices.length, item);
        List<Picture> resized = frames.map(indices, f -> FloatResampler.bicubicBytes(f, size.width(), size.height()));
        return new DecodedVideo(resized, Optional.of(metadata), true);
    }

    private static SmartResize size(Frames frames, int count, Config item) {
        double min = item.number("min_pixels", FRAME_MIN_PIXELS);
        double share = item.number("total_pixels", TOTAL_PIXELS) / count * 2;
        double cap = Math.max(Math.min(FRAME_MAX_PIXELS, share), Math.floor(min * 1.05));
        double max = Math.min(item.number("max_pixels", cap), cap);
        return size(frames.height(), frames.width(), item, FACTOR, min, max);
    }

    private static VideoMetadata metadata(int frames, Config item) {
        double sampleFps = item.number("sample_fps", SAMPLE_FPS);
        double rawFps = item.number("raw_fps", sampleFps);
        if (sampleFps <= 0 || rawFps <= 0) {
            throw new OptionException(
                    "sample_fps is " + sampleFps + " and raw_fps " + rawFps + "; expected more than 0");
        }
        return new VideoMetadata(frames / sampleFps * rawFps, OptionalDouble.of(rawFps), OptionalInt.of(frames));
    }

    /** What resized_height and resized_width ask for, else within the limits. */
    private static SmartResize size(int height, int width, Config item, int factor, double min, double max) {
        boolean given = item.has("resized_height");
        if (given != item.has("resized_width")) {
            throw new OptionException("resized_height and resized_width go together; only "
                    + (given ? "resized_height" : "resized_width") + " is given");
        }
        if (given) {
            double area = factor * factor;
            return SmartResize.qwenVlUtils(
                    item.integer("resized_height"),
                    item.integer("resized_width"),
                    factor,
                    MIN_TOKENS * area,
                    MAX_TOKENS * area);
        }
        if (min > max) {
            throw new OptionException("min_pixels " + (long) min + " is above max_pixels " + (long) max);
        }
        return SmartResize.qwenVlUtils(height, width, factor, min, max);
    }

    private static void refuse(Config item, List<String> keys, String why, String hint) {
        for (String key : keys) {
            if (item.has(key)) {
                throw new OptionException("a video item has " + key + ", " + why, hint);
            }
        }
    }

    private static void check(Config item, String kind, Collection<String> known) {
        for (String key : item.keys()) {
            if (!NEUTRAL.contains(key) && !known.contains(key)) {
                throw new OptionException(kind + " has the key \"" + key + "\"; known: " + String.join(", ", known));
            }
        }
    }
}
