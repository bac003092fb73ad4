package dev.fovea;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import dev.fovea.error.Warnings;
import dev.fovea.io.Config;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.DecodedVideo;
import dev.fovea.media.ImageSource;
import dev.fovea.media.Loader;
import dev.fovea.media.MediaPolicy;
import dev.fovea.media.Picture;
import dev.fovea.media.SideBySide;
import dev.fovea.media.VideoFile;
import dev.fovea.media.VideoSource;
import dev.fovea.models.ProcessVisionInfo;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Pictures and clips as a front end of the reference opens them, where a policy lets it. */
record FrontEnds(MediaPolicy media, Warnings warnings) {
    /** What a conversation shows, in reading order. */
    VisionInfo open(List<Message> messages, Loader loader) {
        List<DecodedImage> images = new ArrayList<>();
        List<DecodedVideo> videos = new ArrayList<>();
        List<Content> items =
                messages.stream().flatMap(m -> m.content().stream()).toList();
        for (Content item : SideBySide.map(items, FrontEnds::isElsewhere, this::fetched)) {
            switch (item) {
                case Content.Text _ -> {}
                case Content.Image image -> {
                    noteMisspelt(image.item(), ProcessVisionInfo.IMAGE_OPTIONS);
                    images.add(open(named(image.source(), "an image item", "picture"), image.options(), loader));
                }
                case Content.Video video -> {
                    noteMisspelt(video.item(), ProcessVisionInfo.VIDEO_OPTIONS);
                    videos.add(open(named(video.source(), "a video item", "clip"), video.options(), loader));
                }
            }
        }
        return new VisionInfo(images, videos);
    }

    private static boolean isElsewhere(Content item) {
        return switch (item) {
            case Content.Text _ -> false;
            case Content.Image image -> image.source().orElse(null) instanceof ImageSource.OfUri;
            case Content.Video video -> video.source().orElse(null) instanceof VideoSource.OfFile(ImageSource.OfUri _);
        };
    }

    /** What is elsewhere is fetched before anything is opened; files are read one by one, when they are. */
    private Content fetched(Content item) {
        return switch (item) {
            case Content.Image image
            when image.source().orElse(null) instanceof ImageSource.OfUri source ->
                new Content.Image(Optional.of(media.admit(source)), image.item());
            case Content.Video video
            when video.source().orElse(null) instanceof VideoSource.OfFile source ->
                new Content.Video(Optional.of(media.admit(source)), video.item());
            default -> item;
        };
    }

    /** Further keys of an item are the template's or another program's; one that is nearly ours is a slip. */
    private void noteMisspelt(Map<String, ?> item, Collection<String> options) {
        for (String key : item.keySet()) {
            Spelling.near(key, options)
                    .ifPresent(meant -> warnings.warn("an item of a message has the key " + Quote.of(key)
                            + ", which has no effect; " + meant + " is an option"));
        }
    }

    private static <T> T named(Optional<T> source, String item, String kind) {
        return source.orElseThrow(() -> new InputException(
                item + " of the messages names no " + kind,
                "give the " + kind + " in the item or beside the messages"));
    }

    DecodedVideo open(VideoSource asked, Map<String, Object> options, Loader loader) {
        checkOptions("a video item", options, loader);
        VideoSource source = media.admit(asked);
        if (source.isFile()) {
            VideoFile file = media.open(source);
            return loader == Loader.QWEN_VL_UTILS
                    ? ProcessVisionInfo.video(file, Config.ofOptions(new LinkedHashMap<>(options), "video item"))
                    : DecodedVideo.of(file);
        }
        return switch (loader) {
            case LOAD_IMAGE ->
                DecodedVideo.of(source.decode(
                        frame -> frame.decode(media.maxPixels()).transposed().rgb()));
            case PIL -> DecodedVideo.of(source.decode(frame -> rgbOnly(frame.decode(media.maxPixels()))));
            case TORCHVISION -> DecodedVideo.of(source.decode(ImageSource::decodeByTorchvision));
            case QWEN_VL_UTILS ->
                ProcessVisionInfo.video(source, Config.ofOptions(new LinkedHashMap<>(options), "video item"));
        };
    }

    /** The reference's processor stacks opened frames as they are, which fails for grey and palettes and blends alpha. */
    private static Picture rgbOnly(DecodedImage frame) {
        if (!frame.mode().equals("RGB")) {
            throw new OptionException(
                    "a frame of a clip has the mode " + frame.mode() + "; the loader pil takes frames of mode RGB",
                    "use load_image, which converts");
        }
        return frame.rgb();
    }

    private static void checkOptions(String item, Map<String, Object> options, Loader loader) {
        if (loader != Loader.QWEN_VL_UTILS && !options.isEmpty()) {
            throw new OptionException(
                    item + " has the options " + String.join(", ", options.keySet())
                            + ", which only the loader qwen_vl_utils takes; this request uses " + loader.label(),
                    "leave the loader out, or give options of the processor in their place");
        }
    }

    /** A picture as a front end opens it, before it resizes it: what coordinates in answers belong to. */
    DecodedImage original(ImageSource source, Loader loader) {
        return loader == Loader.QWEN_VL_UTILS ? decoded(source).toRgbByQwenVlUtils() : open(source, Map.of(), loader);
    }

    DecodedImage open(ImageSource source, Map<String, Object> options, Loader loader) {
        checkOptions("an image item", options, loader);
        return switch (loader) {
            case LOAD_IMAGE -> decoded(source).loaded();
            case PIL -> decoded(source);
            case TORCHVISION -> DecodedImage.of(media.admit(source).decodeByTorchvision());
            case QWEN_VL_UTILS ->
                ProcessVisionInfo.image(decoded(source), Config.ofOptions(new LinkedHashMap<>(options), "image item"));
        };
    }

    private DecodedImage decoded(ImageSource source) {
        DecodedImage image = media.admit(source).decode(media.maxPixels());
        image.note().ifPresent(warnings::warn);
        return image;
    }
}
