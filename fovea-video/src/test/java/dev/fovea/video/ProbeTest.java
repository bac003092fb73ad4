package dev.fovea.video;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.io.Json;
import dev.fovea.media.Picture;
import dev.fovea.media.VideoFile;
import dev.fovea.media.VideoSource;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Clips with what torchcodec says of them, byte for byte; where it fails for seeking, what FFmpeg's own program says. */
class ProbeTest {
    private static final Path CLIPS = Path.of("src/test/resources/clips");

    /** Of the probe, and of src/test/python/clips.py, which has more containers and codecs. */
    private static final List<Path> RECORDS =
            List.of(CLIPS.resolve("expected.json"), CLIPS.resolve("made/expected.json"));

    /**
     * @param path of the clip
     * @param expected what torchcodec says
     */
    record Clip(Path path, Map<String, Object> expected) {
        VideoFile open() {
            return VideoSource.of(path).open();
        }

        @Override
        public String toString() {
            return path.getFileName().toString();
        }
    }

    static Stream<Clip> clips() {
        return RECORDS.stream().flatMap(record -> {
            Map<String, Object> clips = Json.object(Json.parseObject(record).get("clips"), "clips");
            return clips.entrySet().stream()
                    .map(e -> new Clip(record.resolveSibling(e.getKey()), torchcodec(e.getValue())));
        });
    }

    private static Map<String, Object> torchcodec(Object clip) {
        Map<String, Object> all = Json.object(clip, "clip");
        return all.get("torchcodec") instanceof Map<?, ?> own ? Json.object(own, "torchcodec") : all;
    }

    @ParameterizedTest
    @MethodSource("clips")
    void countsRatesAndSizes(Clip clip) {
        Map<String, Object> expected = clip.expected();
        VideoFile file = clip.open();
        assertThat(file.count()).isEqualTo(((Number) expected.get("total")).intValue());
        assertThat(file.fps()).isEqualTo(((Number) expected.get("fps")).doubleValue());
        assertThat(List.of((long) file.width(), (long) file.height())).isEqualTo(expected.get("size"));
    }

    @ParameterizedTest
    @MethodSource("clips")
    void framesToTheByte(Clip clip) throws Exception {
        VideoFile file = clip.open();
        int[] all = IntStream.range(0, file.count()).toArray();
        assertThat(sha256(file, all)).isEqualTo(clip.expected().get("all_frames_sha256"));
        for (Map.Entry<String, Object> frame : frames(clip).entrySet()) {
            assertThat(sha256(file, Integer.parseInt(frame.getKey()))).isEqualTo(frame.getValue());
        }
    }

    /** The frames that the front ends choose, which are decoded without those that no other one needs. */
    @ParameterizedTest
    @MethodSource("clips")
    void chosenFramesToTheByte(Clip clip) throws Exception {
        VideoFile file = clip.open();
        for (Object sampling : Json.array(clip.expected().getOrDefault("sampling", List.of()), "sampling")) {
            Map<String, Object> expected = Json.object(sampling, "sampling");
            assertThat(sha256(file, ints(expected.get("indices")))).isEqualTo(expected.get("sha256"));
        }
        int[] third = IntStream.range(0, file.count()).filter(i -> i % 3 == 1).toArray();
        List<byte[]> all = file.map(IntStream.range(0, file.count()).toArray(), Picture::rgb);
        List<byte[]> some = file.map(third, Picture::rgb);
        for (int i = 0; i < third.length; i++) {
            assertThat(some.get(i)).isEqualTo(all.get(third[i]));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bframes.mp4", "editlist.mp4", "vfr.mp4", "bt709_298x166.mp4", "odd_161x121.webm"})
    void countsOfDecord(String clip) {
        Map<String, Object> all =
                Json.object(Json.parseObject(RECORDS.getFirst()).get("clips"), "clips");
        Map<String, Object> expected =
                Json.object(Json.object(all.get(clip), "clip").get("decord"), "decord");
        VideoFile file = VideoSource.of(CLIPS.resolve(clip)).open().countedByDecord();
        assertThat(file.count()).isEqualTo(((Number) expected.get("total")).intValue());
        assertThat(file.fps()).isEqualTo(((Number) expected.get("fps")).doubleValue());
        assertThat(file.map(new int[] {file.count() - 1}, Picture::width)).containsExactly(file.width());
    }

    /** Frames of one file, asked for by many threads at once, in any order and more than once. */
    @Test
    void isSafeForThreads() {
        VideoFile file = VideoSource.of(CLIPS.resolve("bframes.mp4")).open();
        List<byte[]> expected = file.map(new int[] {2, 7}, Picture::rgb);
        IntStream.range(0, 8).parallel().forEach(_ -> {
            List<byte[]> frames = file.map(new int[] {7, 2, 7}, Picture::rgb);
            assertThat(frames.get(0)).isEqualTo(expected.get(1)).isEqualTo(frames.get(2));
            assertThat(frames.get(1)).isEqualTo(expected.get(0));
        });
    }

    private static int[] ints(Object list) {
        return Json.array(list, "indices").stream()
                .mapToInt(n -> ((Number) n).intValue())
                .toArray();
    }

    private static Map<String, Object> frames(Clip clip) {
        return Json.object(clip.expected().getOrDefault("frame_sha256", Map.of()), "frames");
    }

    static String sha256(VideoFile file, int... indices) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        file.map(indices, Picture::rgb).forEach(digest::update);
        return HexFormat.of().formatHex(digest.digest());
    }
}
