package dev.fovea.app.cli;

import dev.fovea.Request;
import dev.fovea.Trace;
import dev.fovea.error.InputException;
import dev.fovea.io.ModelFingerprint;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.ImageSource;
import dev.fovea.media.VideoSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The files that a run reads. No output may be one of them. */
final class RunFiles {
    private static final Pattern WEIGHTS = Pattern.compile(".*\\.(safetensors|bin|index\\.json)");

    private RunFiles() {}

    /**
     * What a model is made of. What else lies in its directory, perhaps an earlier run's output, is none of it.
     *
     * @param model its directory
     */
    static List<Path> ofModel(String model) {
        Path directory = Path.of(model);
        try (Stream<Path> files = Files.list(directory)) {
            Stream<Path> weights = files.filter(
                    f -> WEIGHTS.matcher(f.getFileName().toString()).matches() && !Trace.isTrace(f));
            return Stream.concat(ModelFingerprint.configuration(directory).stream(), weights)
                    .toList();
        } catch (IOException e) {
            throw InputException.cannot("list", directory, e);
        }
    }

    /** Pictures and frames. */
    static List<Path> of(Request request) {
        Stream<ImageSource> pictures = Stream.concat(
                request.images().stream(),
                request.messages().stream().flatMap(m -> m.images().stream()).flatMap(i -> i.source().stream()));
        Stream<VideoSource> clips = Stream.concat(
                request.videos().stream(),
                request.messages().stream().flatMap(m -> m.videos().stream()).flatMap(v -> v.source().stream()));
        return Stream.concat(pictures.flatMap(RunFiles::path), clips.flatMap(RunFiles::files))
                .distinct()
                .toList();
    }

    /** Of frames that are not there none: their answer will be an error that says so. */
    private static Stream<Path> files(VideoSource clip) {
        try {
            return switch (clip) {
                case VideoSource.OfPath(Path file) when clip.isFile() -> Stream.of(file);
                case VideoSource.OfFile(ImageSource file) -> path(file);
                default -> clip.frames().stream().flatMap(RunFiles::path);
            };
        } catch (InputException e) {
            return Stream.empty();
        }
    }

    private static Stream<Path> path(ImageSource source) {
        return switch (source) {
            case ImageSource.OfPath(Path path) -> Stream.of(path);
            case ImageSource.Held held -> path(held.origin());
            case ImageSource.OfUri _, ImageSource.OfBytes _, DecodedImage _ -> Stream.empty();
        };
    }
}
