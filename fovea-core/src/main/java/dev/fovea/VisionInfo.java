package dev.fovea;

import dev.fovea.media.DecodedImage;
import dev.fovea.media.DecodedVideo;
import java.util.List;

/** What a conversation shows: the two results of qwen-vl-utils' process_vision_info, each in reading order. */
public record VisionInfo(List<DecodedImage> images, List<DecodedVideo> videos) {
    public VisionInfo {
        images = List.copyOf(images);
        videos = List.copyOf(videos);
    }
}
