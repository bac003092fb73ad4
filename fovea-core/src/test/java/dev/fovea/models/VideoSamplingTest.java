package dev.fovea.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.FoveaException;
import dev.fovea.error.OptionException;
import dev.fovea.io.Config;
import dev.fovea.io.Json;
import dev.fovea.media.VideoMetadata;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Which frames of a video file the front ends choose, against {@code src/test/python/expected_sampling.py}. */
class VideoSamplingTest {

    @Test
    void asQwenVlUtils() throws Exception {
        for (Map<String, Object> c : cases("qwen_vl_utils")) {
            Config item = Config.ofOptions(Json.object(c.get("item"), "item"), "video item");
            int total = ((Number) c.get("total")).intValue();
            check(c, () -> {
                VideoRange range = VideoRange.of(item, total, fps(c));
                assertThat(Json.object(c.get("expected"), "expected").get("total"))
                        .isIn(null, (long) range.count());
                return range.indices(range.frames(item, fps(c)));
            });
        }
    }

    @Test
    void asTransformers() throws Exception {
        for (Map<String, Object> c : cases("transformers")) {
            Config call = Config.ofOptions(Json.object(c.get("call"), "call"), "processor options");
            int total = ((Number) c.get("total")).intValue();
            check(
                    c,
                    () -> FrameSampling.of(Config.of(Map.of(), "config"), 2)
                            .with(call, true)
                            .indices(VideoMetadata.ofFile(total, fps(c)), total));
        }
    }

    /** What Qwen2VLVideoProcessor of transformers takes of 50 frames, 25 of them a second. */
    @Test
    void limitsOfTransformers() {
        assertThat(taken("{}", "{'fps': 2}")).containsExactly(0, 12, 25, 37);
        assertThat(taken("{}", "{'fps': 2, 'min_frames': 10}")).containsExactly(0, 5, 10, 15, 20, 25, 30, 35, 40, 45);
        assertThat(taken("{}", "{'fps': 20, 'max_frames': 7}")).containsExactly(0, 8, 16, 25, 33, 41);
        assertThat(taken("{}", "{'fps': 20, 'min_frames': 9, 'max_frames': 7}")).containsExactly(0, 8, 16, 25, 33, 41);
        assertThat(taken("{}", "{'fps': 2, 'min_frames': 3}")).containsExactly(0, 12, 25, 37);
        assertThat(taken("{}", "{'num_frames': 5, 'min_frames': 10}")).containsExactly(0, 12, 25, 37);
        assertThat(taken("{'fps': 2}", "{'do_sample_frames': true}")).containsExactly(0, 12, 25, 37);
        assertThatThrownBy(() -> taken("{}", "{'fps': 2, 'max_frames': 1}")).isInstanceOf(OptionException.class);
        assertThatThrownBy(() -> taken("{}", "{'do_sample_frames': true}")).isInstanceOf(OptionException.class);
        assertThatThrownBy(() -> taken("{}", "{'min_frames': 8}"))
                .isInstanceOf(OptionException.class)
                .hasMessageContaining("give fps or num_frames with it");
    }

    /** transformers needs the other one to be None in the call. */
    @Test
    void whatACallChoosesReplacesTheConfigurationsOther() {
        assertThat(taken("{'fps': 2}", "{'num_frames': 8}")).containsExactly(0, 6, 12, 18, 25, 31, 37, 43);
        assertThat(taken("{'num_frames': 8}", "{'fps': 2}")).containsExactly(0, 12, 25, 37);
        assertThatThrownBy(() -> taken("{}", "{'fps': 2, 'num_frames': 8}")).isInstanceOf(OptionException.class);
    }

    private static int[] taken(String config, String call) {
        Map<String, Object> values = Json.object(Json.parse(config.replace('\'', '"'), "config"), "config");
        Map<String, Object> options = Json.object(Json.parse(call.replace('\'', '"'), "call"), "call");
        return FrameSampling.of(Config.of(values, "config"), 2)
                .with(Config.ofOptions(options, "processor options"), true)
                .indices(VideoMetadata.ofFile(50, 25), 50);
    }

    private static List<Map<String, Object>> cases(String frontEnd) throws URISyntaxException {
        Path file = Path.of(
                VideoSamplingTest.class.getResource("/video/sampling.json").toURI());
        return Json.array(Json.parseObject(file).get(frontEnd), frontEnd).stream()
                .map(c -> Json.object(c, "case"))
                .toList();
    }

    private static double fps(Map<String, Object> c) {
        return ((Number) c.get("fps")).doubleValue();
    }

    private static void check(Map<String, Object> c, Supplier<int[]> indices) throws Exception {
        Map<String, Object> expected = Json.object(c.get("expected"), "expected");
        if (expected.containsKey("error")) {
            assertThatThrownBy(indices::get).as(c.toString()).isInstanceOf(FoveaException.class);
        } else if (expected.get("indices") instanceof List<?> list) {
            assertThat(Arrays.stream(indices.get()).mapToObj(i -> (long) i).toList())
                    .as(c.toString())
                    .isEqualTo(list);
        } else {
            assertThat(sha256(indices.get())).as(c.toString()).isEqualTo(expected.get("sha256"));
        }
    }

    private static String sha256(int[] indices) throws Exception {
        ByteBuffer packed = ByteBuffer.allocate(4 * indices.length).order(ByteOrder.LITTLE_ENDIAN);
        packed.asIntBuffer().put(indices);
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(packed.array()));
    }
}
