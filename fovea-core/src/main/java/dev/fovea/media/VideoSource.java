package dev.fovea.media;

import dev.fovea.error.InputException;
import dev.fovea.error.NativeException;
import dev.fovea.error.Quote;
import dev.fovea.error.Reason;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Where a clip comes from: a video file, or pictures, one per frame. Nothing is read before {@link #frames}, {@link #decode} and
 * {@link #open}, and nothing is kept after them, but by {@link #inMemory}. Video files are read by the module fovea-video.
 *
 * <pre>{@code
 * VideoSource.of(Path.of("clip.mp4"));
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

        @Override
        public boolean isFile() {
            return false;
        }

        @Override
        public VideoSource inMemory() {
            return new OfFrames(frames.stream().map(ImageSource::inMemory).toList());
        }
    }

    /** A video file, or a folder whose files, but hidden ones, are the frames, in the order of their names: 2.png before 10.png. */
    record OfPath(Path path) implements VideoSource {
        public OfPath {
            Objects.requireNonNull(path, "path");
        }

        @Override
        public boolean isFile() {
            return !Files.isDirectory(path);
        }

        @Override
        public VideoSource inMemory() {
            return isFile()
                    ? new OfFile(ImageSource.of(path).inMemory())
                    : new OfFrames(frames().stream().map(ImageSource::inMemory).toList());
        }

        @Override
        public List<ImageSource> frames() {
            if (!Files.exists(path)) {
                throw new InputException(
                        "cannot open the clip " + Quote.of(path) + ": there is no such file and no such folder");
            }
            try (Stream<Path> files = Files.list(path)) {
                List<ImageSource> frames = files.filter(OfPath::isFrame)
                        .sorted(NaturalOrder.OF_NAMES)
                        .map(ImageSource::of)
                        .toList();
                if (frames.isEmpty()) {
                    throw new InputException("cannot open the clip " + Quote.of(path) + ": the folder has no frames");
                }
                return frames;
            } catch (IOException e) {
                throw new InputException("cannot open the clip " + Quote.of(path) + ": " + Reason.of(e), "", e);
            }
        }

        private static boolean isFrame(Path file) {
            return Files.isRegularFile(file) && !file.getFileName().toString().startsWith(".");
        }
    }

    /** A video file at an address or in memory. */
    record OfFile(ImageSource file) implements VideoSource {
        public OfFile {
            Objects.requireNonNull(file, "file");
        }

        @Override
        public boolean isFile() {
            return true;
        }

        @Override
        public List<ImageSource> frames() {
            throw new IllegalStateException("a video file is no list of frames");
        }

        @Override
        public VideoSource inMemory() {
            return new OfFile(file.inMemory());
        }
    }

    static VideoSource of(List<ImageSource> frames) {
        return new OfFrames(frames);
    }

    /** A video file or a folder of frames. */
    static VideoSource of(Path path) {
        return new OfPath(path);
    }

    /** A video file at an {@code http:}, {@code https:}, {@code file:} or {@code data:} address, or a folder at {@code file:}. */
    static VideoSource of(URI uri) {
        return parse(uri.toString(), Path.of(""));
    }

    /** The bytes of a video file. They are not copied. */
    static VideoSource of(byte[] file) {
        Objects.requireNonNull(file, "file");
        return new OfFile(ImageSource.of(file));
    }

    /**
     * A path, an {@code http:}, {@code https:} or {@code file:} address, or a {@code data:} URI in base64: of a video file, or a
     * path of a folder of frames.
     *
     * @param directory that a relative path starts from
     */
    static VideoSource parse(String source, Path directory) {
        ImageSource parsed = ImageSource.parse(source, directory);
        return parsed instanceof ImageSource.OfPath(Path path) ? new OfPath(path) : new OfFile(parsed);
    }

    /** Whether it is a video file, and not pictures; what is not there counts as a file. */
    boolean isFile();

    /**
     * Of pictures: the frames, in the order of time.
     *
     * @throws InputException where there is no such folder
     */
    List<ImageSource> frames();

    /**
     * Reads or fetches now, so that decoding later, and more than once, finds what is there today.
     *
     * @throws InputException where there is no such file
     * @throws dev.fovea.error.NetworkException where it cannot be fetched
     */
    VideoSource inMemory();

    /**
     * Opens the video file.
     *
     * @throws InputException where there is no such file, it is no video file, or has no frames
     * @throws dev.fovea.error.NetworkException where it cannot be fetched
     * @throws NativeException where the module that reads video files is not there
     */
    default VideoFile open() {
        MediaBytes bytes = MediaBytes.of(this);
        if (WebpAnimation.matches(bytes.opening())) {
            return WebpAnimation.open(bytes.all(ImageSource.MAX_BYTES), bytes.label());
        }
        VideoDecoder decoder = ServiceLoader.load(VideoDecoder.class, VideoDecoder.class.getClassLoader())
                .findFirst()
                .orElseThrow(VideoSource::noDecoder);
        return decoder.open(bytes);
    }

    /**
     * Decodes pictures, several at a time.
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
    private static NativeException noDecoder() {
        return new NativeException(
                "video files are read by the module fovea-video, which is not there",
                "add the dependency dev.fovea:fovea-video, or give frames: a folder of pictures"
                        + " (ffmpeg -i clip.mp4 -vf fps=2 frames/%04d.png), or a list of paths in the request");
    }
}
