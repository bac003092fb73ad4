package dev.fovea.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.io.Config;
import dev.fovea.media.Picture;
import dev.fovea.media.VideoFile;
import dev.fovea.media.VideoSource;
import dev.fovea.models.ProcessVisionInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is no clip, or only a part of one, and what nobody can choose from it: a sentence for each. */
class BadClipsTest {
    private static final Path CLIPS = Path.of("src/test/resources/clips");

    @TempDir
    Path folder;

    @Test
    void whatIsNoVideo() throws IOException {
        Path text = Files.writeString(folder.resolve("notes.mp4"), "no clip");
        refused(() -> VideoSource.of(text).open(), "notes.mp4", "no video file", "expected MP4");
        Path empty = Files.createFile(folder.resolve("empty.mp4"));
        refused(() -> VideoSource.of(empty).open(), "empty.mp4", "no video file");
        refused(() -> VideoSource.of(folder.resolve("none.mp4")).open(), "none.mp4", "no such file");
        refused(() -> VideoSource.of(new byte[] {1, 2, 3}).open(), "in memory", "no video file");
        refused(() -> VideoSource.of(CLIPS.resolve("made/sound.wav")).open(), "sound.wav", "no video file");
        refused(() -> VideoSource.of(CLIPS.resolve("bad/sound.mp4")).open(), "sound.mp4", "no video stream");
        refused(() -> VideoSource.of(CLIPS.resolve("bad/no_frames.mp4")).open(), "no_frames.mp4", "no frames");
    }

    /** A playlist would make FFmpeg open what it names. */
    @Test
    void playlistsAreNotFollowed() throws IOException {
        Path clip = Files.copy(CLIPS.resolve("made/h264.ts"), folder.resolve("secret.ts"));
        Path list = Files.writeString(
                folder.resolve("list.m3u8"),
                "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n" + clip.toUri() + "\n#EXT-X-ENDLIST\n");
        refused(() -> VideoSource.of(list).open(), "list.m3u8", "no video file");
        Path concat = Files.writeString(folder.resolve("list.mp4"), "ffconcat version 1.0\nfile secret.ts\n");
        refused(() -> VideoSource.of(concat).open(), "list.mp4", "no video file");
    }

    /** Its index stands at the end, or at the front of half the data. */
    @Test
    void truncatedFiles() throws IOException {
        byte[] whole = Files.readAllBytes(CLIPS.resolve("bframes.mp4"));
        Path half = Files.write(folder.resolve("half.mp4"), Arrays.copyOf(whole, whole.length / 2));
        refused(() -> VideoSource.of(half).open(), "half.mp4", "index is missing", "truncated");
        byte[] front = Files.readAllBytes(CLIPS.resolve("bad/front.mp4"));
        VideoFile rest =
                VideoSource.of(Arrays.copyOf(front, front.length * 2 / 3)).open();
        assertThat(rest.count()).isBetween(1, 19);
        assertThat(rest.map(new int[] {0}, Picture::width)).containsExactly(96);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "fps=1,nframes=4 | exclude each other",
                "nframes=0 | asks for 0 frames",
                "nframes=1000 | asks for 1000 frames",
                "fps=1,max_frames=1 | ask for 0 frames",
                "video_start=2,video_end=1 | leave nothing",
                "video_start=99 | leave nothing",
                "sample_fps=2 | a video file says so itself",
                "video_reader=4 | video_reader",
                "video_reader=pyav | pyav",
                "max_pixels=100 | min_pixels",
                "colour=1 | colour"
            })
    void whatCannotBeChosen(String options, String part) {
        Map<String, Object> item = new java.util.LinkedHashMap<>();
        for (String option : options.split(",")) {
            String[] pair = option.split("=");
            item.put(pair[0], pair[1].matches("\\d+") ? (Object) Long.valueOf(pair[1]) : pair[1]);
        }
        VideoFile file = VideoSource.of(CLIPS.resolve("bframes.mp4")).open();
        assertThatExceptionOfType(OptionException.class)
                .isThrownBy(() -> ProcessVisionInfo.video(file, Config.ofOptions(item, "video item")))
                .withMessageContaining(part);
    }

    @Test
    void aSingleFrame() {
        VideoFile one = VideoSource.of(CLIPS.resolve("made/one.mp4")).open();
        refused(() -> ProcessVisionInfo.video(one, Config.ofOptions(Map.of(), "video item")), "1 frame", "picture");
    }

    /** Damaged anywhere, a file gives frames or a sentence, and never more than that. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "h264.mp4",
                "h264.ts",
                "hevc.mkv",
                "vp9.webm",
                "mpeg4.avi",
                "uneven.gif",
                "moving.png",
                "moving.webp"
            })
    void damagedBytes(String clip) throws IOException {
        byte[] whole = Files.readAllBytes(CLIPS.resolve("made").resolve(clip));
        Random random = new Random(14);
        for (int round = 0; round < 12; round++) {
            byte[] bytes = whole.clone();
            for (int i = 0; i < 1 + round; i++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            try {
                VideoFile file = VideoSource.of(bytes).open();
                if (file.width() * file.height() < 1 << 20) {
                    file.map(new int[] {0, file.count() - 1}, Picture::width);
                }
            } catch (FoveaException e) {
                assertThat(e.problem()).isNotBlank();
            }
        }
    }

    private static void refused(ThrowingCallable call, String... parts) {
        assertThatExceptionOfType(InputException.class).isThrownBy(call).withMessageContainingAll(parts);
    }
}
