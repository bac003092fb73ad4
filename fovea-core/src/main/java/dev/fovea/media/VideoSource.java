package dev.fovea.media;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.error.Reason;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Where a clip comes from: pictures, one per frame. Nothing is read before {@link #frames} and {@link #decode}, and nothing is
 * kept after them.
 *
 * <pre>{@code
 * VideoSource.of(Path.of("frames"));
 * VideoSource.of(List.of(ImageSource.parse("0.png"), ImageSource.parse("1.png")));
 * }</pre>
 */
public sealed interface VideoSource {

    /** Pictures in the order of time. */
    record OfFrames(List<ImageSource> frames) implements VideoSource {
        public OfFrames {
            Objects.requireNonNull(frames, "frames");
            frames = List.copyOf(frames);
            if (frames.isEmpty()) {
                throw new InputException("a clip is an empty list; expected at least one frame");
            }
        }
    }

    /** A folder whose files, but hidden ones, are the frames, in the order of their names: 2.png before 10.png. */
    record OfDirectory(Path directory) implements VideoSource {
        public OfDirectory {
            Objects.requireNonNull(directory, "directory");
        }

        @Override
        public List<ImageSource> frames() {
            if (!Files.exists(directory)) {
                throw new InputException("cannot open the clip " + Quote.of(directory) + ": there is no such folder");
            }
            if (!Files.isDirectory(directory)) {
                throw notDecoded(directory.toString());
            }
            try (Stream<Path> files = Files.list(directory)) {
                List<ImageSource> frames = files.filter(OfDirectory::isFrame)
                        .sorted(NaturalOrder.OF_NAMES)
                        .map(ImageSource::of)
                        .toList();
                if (frames.isEmpty()) {
                    throw new InputException(
                            "cannot open the clip " + Quote.of(directory) + ": the folder has no frames");
                }
                return frames;
            } catch (IOException e) {
                throw new InputException("cannot open the clip " + Quote.of(directory) + ": " + Reason.of(e), "", e);
            }
        }

        private static boolean isFrame(Path file) {
            return Files.isRegularFile(file) && !file.getFileName().toString().startsWith(".");
        }
    }

    static VideoSource of(List<ImageSource> frames) {
        return new OfFrames(frames);
    }

    /** A folder of frames. */
    static VideoSource of(Path directory) {
        return new OfDirectory(directory);
    }

    /**
     * A path or {@code file:} address of a folder of frames.
     *
     * @param directory that a relative path starts from
     * @throws InputException for anything else; a file is refused by {@link #frames}
     */
    static VideoSource parse(String source, Path directory) {
        return switch (ImageSource.parse(source, directory)) {
            case ImageSource.OfPath(Path path) -> new OfDirectory(path);
            case ImageSource.OfUri(URI uri) -> throw notDecoded(uri.toString());
            case ImageSource.OfBytes _, ImageSource.Held _, DecodedImage _ -> throw notDecoded("in base64");
        };
    }

    /**
     * The frames, in the order of time.
     *
     * @throws InputException where there is no such folder, or it is a file
     */
    List<ImageSource> frames();

    /**
     * Decodes the frames, several at a time.
     *
     * @param opened what a front end makes of a frame
     * @throws InputException for a frame that is missing or no picture, and where they are too large together
     */
    default List<Picture> decode(Function<ImageSource, Picture> opened) {
        Objects.requireNonNull(opened, "opened");
        List<ImageSource> frames = frames();
        return frames.parallelStream()
                .map(frame -> {
                    Picture picture = opened.apply(frame);
                    DecodedVideo.checkSize(picture, frames.size());
                    return picture;
                })
                .toList();
    }

    @SuppressWarnings("OrphanedFormatString") // the pattern is ffmpeg's
    private static InputException notDecoded(String name) {
        return new InputException(
                "cannot open the clip " + Quote.of(name) + ": video files are not decoded",
                "give frames: a folder of pictures (ffmpeg -i clip.mp4 -vf fps=2 frames/%04d.png), or a list of paths in"
                        + " the request");
    }
}
