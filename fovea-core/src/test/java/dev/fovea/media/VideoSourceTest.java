package dev.fovea.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.InputException;
import dev.fovea.error.NativeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VideoSourceTest {

    @TempDir
    Path folder;

    @Test
    void aFolderIsReadInTheOrderOfItsNumbers() throws Exception {
        for (String name : new String[] {"f10.png", "f9b.png", "f2.png", "f02.png", "f9.png", "g1.png", ".hidden"}) {
            Files.createFile(folder.resolve(name));
        }
        Files.createDirectory(folder.resolve("f3"));
        assertThat(VideoSource.of(folder).frames())
                .extracting(frame ->
                        ((ImageSource.OfPath) frame).path().getFileName().toString())
                .containsExactly("f02.png", "f2.png", "f9.png", "f9b.png", "f10.png", "g1.png");
    }

    @Test
    void foldersInAllTheirForms() throws Exception {
        Path clip = Files.createDirectory(folder.resolve("a clip"));
        Files.write(clip.resolve("1.png"), TestPictures.bytes("hopper.png"));
        for (VideoSource source : List.of(
                VideoSource.parse(clip.toString(), Path.of("")),
                VideoSource.parse("a clip", folder),
                VideoSource.parse("file://" + clip, folder),
                VideoSource.parse(clip.toUri().toString(), folder))) {
            assertThat(source.decode(frame -> frame.decode().rgb())).hasSize(1);
        }
    }

    @Test
    void framesKeepTheirOrder() {
        List<String> names = List.of("hopper.png", "hopper.bmp", "hopper.webp", "hopper.jpg", "hopper.gif");
        List<Picture> frames = VideoSource.of(names.stream()
                        .map(n -> ImageSource.of(TestPictures.bytes(n)))
                        .toList())
                .decode(frame -> frame.decode().rgb());
        assertThat(frames).hasSameSizeAs(names);
        for (int i = 0; i < frames.size(); i++) {
            assertThat(frames.get(i).rgb())
                    .isEqualTo(TestPictures.decode(names.get(i)).rgb().rgb());
        }
    }

    @Test
    void withoutTheModuleVideoFilesAreRefusedWithWhatToDo() throws Exception {
        Path file = Files.writeString(folder.resolve("clip.mp4"), "not looked at");
        VideoSource clip = VideoSource.parse("data:video/mp4;base64,AAAA", folder);
        for (VideoSource source : List.of(VideoSource.of(file), clip, VideoSource.of(new byte[4]))) {
            assertThat(source.isFile()).isTrue();
            assertThatExceptionOfType(NativeException.class)
                    .isThrownBy(source::open)
                    .withMessageContainingAll("fovea-video", "not there", "ffmpeg", "list of paths");
        }
    }

    @Test
    void whatIsNotThere() throws Exception {
        refused(() -> VideoSource.of(folder.resolve("none")).frames(), "none", "no such file and no such folder");
        refused(() -> VideoSource.of(folder).frames(), folder.toString(), "no frames");
        refused(() -> VideoSource.of(List.of()), "empty list");
        Files.write(folder.resolve("1.png"), TestPictures.bytes("hopper.png"));
        Files.writeString(folder.resolve("2.png"), "not a picture");
        refused(() -> VideoSource.of(folder).decode(frame -> frame.decode().rgb()), "2.png", "Not a picture");
    }

    @Test
    void framesOfOtherSizes() {
        Picture wide = new Picture(4, 2, new byte[24]);
        Picture tall = new Picture(2, 4, new byte[24]);
        refused(() -> DecodedVideo.of(List.of(wide, wide, tall)), "frame 3", "2 x 4", "4 x 2", "one size");
    }

    /** Found with the first frame, before the others take memory. */
    @Test
    void tooManyPixelsTogether() {
        ImageSource frame = ImageSource.of(TestPictures.bytes("hopper.png"));
        VideoSource many = VideoSource.of(Collections.nCopies(50_000, frame));
        refused(() -> many.decode(f -> f.decode().rgb()), "50000 frames", "128 x 128", "715827882");
    }

    private static void refused(ThrowingCallable call, String... parts) {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(call)
                .satisfies(e -> assertThat(e.getMessage() + " " + e.hint()).contains(parts));
    }
}
