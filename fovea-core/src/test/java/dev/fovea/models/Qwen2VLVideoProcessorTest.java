package dev.fovea.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.io.Config;
import dev.fovea.io.Json;
import dev.fovea.media.DecodedVideo;
import dev.fovea.media.Picture;
import dev.fovea.media.VideoMetadata;
import dev.fovea.media.VideoSource;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** clips.json is made by src/test/python/expected_clips.py. */
class Qwen2VLVideoProcessorTest {
    private static final Map<String, Object> EXPECTED = Json.parseObject(path("dev/fovea/models/clips.json"));
    private static final Picture FRAME = new Picture(56, 56, new byte[3 * 56 * 56]);
    private static final DecodedVideo CLIP = DecodedVideo.of(Collections.nCopies(4, FRAME));

    static List<Map<String, Object>> clips() {
        return objects("clips");
    }

    static List<Map<String, Object>> samplings() {
        return objects("sampled");
    }

    @ParameterizedTest
    @MethodSource("clips")
    void equalsTheReference(Map<String, Object> expected) {
        VideoSource source = VideoSource.of(path((String) expected.get("frames")));
        DecodedVideo video = expected.get("item") == null
                ? DecodedVideo.of(source.decode(f -> f.decode().transposed().rgb()))
                : ProcessVisionInfo.video(source, config(expected, "item"));
        Inputs.Visual visual = Qwen2VLVideoProcessor.of(config(expected, "config"))
                .process(List.of(video), config(expected, "call"))
                .getFirst();
        GridThw grid = visual.grid().orElseThrow();
        assertThat(new int[] {grid.t(), grid.h(), grid.w()}).isEqualTo(ints(expected.get("video_grid_thw")));
        assertThat(visual.secondPerGridT()).isEqualTo(expected.get("second_per_grid_t"));
        assertThat(sha256(visual.pixelValues().values())).isEqualTo(expected.get("pixel_values_videos"));
    }

    @ParameterizedTest
    @MethodSource("samplings")
    void samplesAsTheReference(Map<String, Object> expected) {
        OptionalDouble fps =
                expected.get("fps") instanceof Number n ? OptionalDouble.of(n.doubleValue()) : OptionalDouble.empty();
        double total = ((Number) expected.get("total_num_frames")).doubleValue();
        FrameSampling sampling = FrameSampling.of(Config.of(Map.of("do_sample_frames", true), "config"), 2)
                .with(config(expected, "call"), false);
        assertThat(sampling.indices(new VideoMetadata(total, fps, OptionalInt.empty()), (int) total))
                .isEqualTo(ints(expected.get("indices")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"fps\": 2} | fps chooses frames",
                "{\"num_frames\": 2} | num_frames chooses frames",
                "{\"do_sample_frames\": true} | one of num_frames and fps",
                "{\"do_sample_frames\": true, \"fps\": 1, \"num_frames\": 2} | one of num_frames and fps",
                "{\"do_sample_frames\": true, \"fps\": 0} | above 0",
                "{\"do_sample_frames\": true, \"fps\": 1} | own rate is not known",
                "{\"do_sample_frames\": true, \"num_frames\": 6} | asks for 6 frames",
                "{\"do_sample_frames\": true, \"num_frames\": 1} | asks for 0 frames",
                "{\"do_sample_frames\": true, \"num_frames\": 6, \"video_metadata\": {\"total_num_frames\": 9}} | frame 7",
                "{\"do_sample_frames\": true, \"num_frames\": 2000000000, \"video_metadata\": {\"total_num_frames\": 1e12}} | 4 are given",
                "{\"video_metadata\": []} | 0 entries",
                "{\"video_metadata\": {\"total_num_frames\": 4, \"fps\": 0}} | more than 0",
                "{\"video_metadata\": {\"total_num_frames\": 4, \"rate\": 2}} | unknown key rate",
                "{\"resampler\": \"pil\"} | torchvision alone",
            })
    void optionsThatItCannotHonour(String call, String part) {
        assertThatExceptionOfType(OptionException.class)
                .isThrownBy(() -> processor().process(List.of(CLIP), config(call)))
                .withMessageContaining(part);
    }

    /** What a directory leaves open is asked for when a clip is sampled, not before. */
    @Test
    void samplingIsCheckedWhereItHappens() {
        Qwen2VLVideoProcessor samples =
                Qwen2VLVideoProcessor.of(config("{\"do_sample_frames\": true, \"min_pixels\": 3136}"));
        DecodedVideo timed = new DecodedVideo(CLIP.frames(), Optional.of(VideoMetadata.ofFrames(4)), true);
        assertThat(samples.process(List.of(), config("{}"))).isEmpty();
        assertThat(samples.process(List.of(timed), config("{}")).getFirst().grid())
                .contains(new GridThw(2, 4, 4));
        assertThatExceptionOfType(OptionException.class)
                .isThrownBy(() -> samples.process(List.of(CLIP), config("{}")))
                .withMessageContaining("one of num_frames and fps");
    }

    @Test
    void metadataOfWrongTypes() {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> processor().process(List.of(CLIP), config("{\"video_metadata\": 3}")))
                .withMessageContaining("video_metadata");
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> processor().process(List.of(CLIP), config("{\"video_metadata\": {\"fps\": 3}}")))
                .withMessageContaining("total_num_frames is missing");
    }

    @Test
    void timeThatIsKnownAlready() {
        DecodedVideo timed = new DecodedVideo(CLIP.frames(), Optional.of(VideoMetadata.ofFrames(4)), true);
        for (String call : List.of(
                "{\"video_metadata\": {\"total_num_frames\": 4}}", "{\"do_sample_frames\": true, \"num_frames\": 2}")) {
            assertThatExceptionOfType(OptionException.class)
                    .isThrownBy(() -> processor().process(List.of(timed), config(call)))
                    .withMessageContaining("qwen_vl_utils");
        }
    }

    /** Small frames that the limits make large: nothing is allocated for them. */
    @Test
    void tooLargeWhenResized() {
        DecodedVideo many = DecodedVideo.of(Collections.nCopies(1000, FRAME));
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> processor().process(List.of(many), config("{\"min_pixels\": 10000000}")))
                .withMessageContaining("1000 frames")
                .satisfies(e -> assertThat(e.hint()).contains("max_pixels"));
    }

    private static Qwen2VLVideoProcessor processor() {
        return Qwen2VLVideoProcessor.of(config("{\"min_pixels\": 3136, \"max_pixels\": 12845056}"));
    }

    private static Config config(String json) {
        return Config.of(Json.object(Json.parse(json, "test"), "test"), "test");
    }

    private static Config config(Map<String, Object> expected, String key) {
        return Config.of(new LinkedHashMap<>(Json.object(expected.get(key), key)), key);
    }

    private static List<Map<String, Object>> objects(String key) {
        return Json.array(EXPECTED.get(key), key).stream()
                .map(o -> Json.object(o, key))
                .toList();
    }

    private static int[] ints(Object list) {
        return Json.array(list, "numbers").stream()
                .mapToInt(n -> ((Number) n).intValue())
                .toArray();
    }

    private static Path path(String resource) {
        try {
            return Path.of(ClassLoader.getSystemResource(resource).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(resource, e);
        }
    }

    private static String sha256(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes.array()));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
