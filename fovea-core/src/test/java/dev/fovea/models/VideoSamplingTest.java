package dev.fovea.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.FoveaException;
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
