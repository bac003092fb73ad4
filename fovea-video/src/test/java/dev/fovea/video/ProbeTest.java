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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Clips with what torchcodec says of them, byte for byte. */
class ProbeTest {
    private static final Path CLIPS = Path.of("src/test/resources/clips");

    static Stream<String> clips() {
        return expected().keySet().stream();
    }

    private static Map<String, Object> expected() {
        Map<String, Object> all = Json.parseObject(CLIPS.resolve("expected.json"));
        return Json.object(all.get("clips"), "clips");
    }

    private static Map<String, Object> torchcodec(String clip) {
        return Json.object(Json.object(expected().get(clip), clip).get("torchcodec"), "torchcodec");
    }

    private static VideoFile open(String clip) {
        return VideoSource.of(CLIPS.resolve(clip)).open();
    }

    @ParameterizedTest
    @MethodSource("clips")
    void countsRatesAndSizes(String clip) {
        Map<String, Object> expected = torchcodec(clip);
        VideoFile file = open(clip);
        assertThat(file.count()).isEqualTo(((Number) expected.get("total")).intValue());
        assertThat(file.fps()).isEqualTo(((Number) expected.get("fps")).doubleValue());
        assertThat(List.of((long) file.width(), (long) file.height())).isEqualTo(expected.get("size"));
    }

    @ParameterizedTest
    @MethodSource("clips")
    void framesToTheByte(String clip) throws Exception {
        Map<String, Object> expected = torchcodec(clip);
        VideoFile file = open(clip);
        int[] all = IntStream.range(0, file.count()).toArray();
        assertThat(sha256(file, all)).isEqualTo(expected.get("all_frames_sha256"));
        for (Map.Entry<String, Object> frame :
                Json.object(expected.get("frame_sha256"), "frames").entrySet()) {
            assertThat(sha256(file, Integer.parseInt(frame.getKey()))).isEqualTo(frame.getValue());
        }
    }

    static String sha256(VideoFile file, int... indices) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        file.map(indices, Picture::rgb).forEach(digest::update);
        return HexFormat.of().formatHex(digest.digest());
    }
}
