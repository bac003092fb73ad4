package dev.fovea;

import dev.fovea.media.DecodedImage;
import dev.fovea.media.DecodedVideo;
import java.util.List;
import java.util.Objects;

/** What a conversation shows: the two results of qwen-vl-utils' process_vision_info, each in reading order. */
public record VisionInfo(List<DecodedImage> images, List<DecodedVideo> videos) {
    public VisionInfo {
        Objects.requireNonNull(images, "images");
        Objects.requireNonNull(videos, "videos");
        images = List.copyOf(images);
        videos = List.copyOf(videos);
    }
}
