package dev.fovea.app.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** What a message's item says of its picture or clip: the keys of qwen-vl-utils. */
final class ItemOptions {
    @Option(names = "--resized-height", paramLabel = "N", description = "Height that pictures and frames get.")
    Optional<Long> resizedHeight = Optional.empty();

    @Option(names = "--resized-width", paramLabel = "N", description = "Width that pictures and frames get.")
    Optional<Long> resizedWidth = Optional.empty();

    @Option(
            names = "--sample-fps",
            paramLabel = "X",
            description = "How many frames of a clip given as frames make a second.")
    Optional<Double> sampleFps = Optional.empty();

    @Option(
            names = "--fps",
            paramLabel = "X",
            description = "Frames per second to take of a video file, not of a folder.")
    Optional<Double> fps = Optional.empty();

    @Option(names = "--nframes", paramLabel = "N", description = "Frames to take of a video file, not of a folder.")
    Optional<Integer> nframes = Optional.empty();

    @Option(
            names = "--video-reader",
            paramLabel = "READER",
            description = "torchcodec or decord: which reader's count of a video file's frames holds.")
    Optional<String> videoReader = Optional.empty();

    /** Keys of a picture's item. */
    Map<String, Object> ofPicture() {
        Map<String, Object> keys = new LinkedHashMap<>();
        resizedHeight.ifPresent(n -> keys.put("resized_height", n));
        resizedWidth.ifPresent(n -> keys.put("resized_width", n));
        return keys;
    }

    /** Keys of a clip's item. */
    Map<String, Object> ofClip() {
        Map<String, Object> keys = ofPicture();
        sampleFps.ifPresent(x -> keys.put("sample_fps", x));
        fps.ifPresent(x -> keys.put("fps", x));
        nframes.ifPresent(n -> keys.put("nframes", n));
        videoReader.ifPresent(reader -> keys.put("video_reader", reader));
        return keys;
    }
}
