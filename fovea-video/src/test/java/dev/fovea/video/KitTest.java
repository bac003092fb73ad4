package dev.fovea.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fovea.LoadOptions;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.io.Json;
import dev.fovea.io.Safetensors;
import dev.fovea.models.Inputs;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The cases of the parity kit whose clips are video files; the others are fovea-core's ParityTest. */
class KitTest {
    private static final Path VARIANT = Path.of("../fovea-core/src/test/resources/oracle/qwen2_5_vl/video");
    private static final List<String> REQUEST = List.of("processor", "generate", "loader", "messages", "images");

    private static final Map<String, Pipeline> OPEN = new HashMap<>();

    private static Pipeline open(String device) {
        return Pipeline.of(
                "image-text-to-text",
                VARIANT.resolve("checkpoint").toString(),
                LoadOptions.DEFAULT.withDevice(device).withDtype("float32"));
    }

    @AfterAll
    static void close() {
        OPEN.values().forEach(Pipeline::close);
        OPEN.clear();
    }

    /** @param json of cases.json */
    record Case(Map<String, Object> json) {
        boolean hasFiles() {
            return videos().stream().anyMatch(String.class::isInstance);
        }

        private List<Object> videos() {
            return new ArrayList<>(Json.array(json.getOrDefault("videos", List.of()), "videos"));
        }

        Request request() {
            Map<String, Object> request = new LinkedHashMap<>();
            REQUEST.forEach(key -> request.put(key, json.get(key)));
            request.put(
                    "videos",
                    videos().stream()
                            .map(v -> v instanceof String path && path.endsWith("friday.mp4")
                                    ? Path.of("src/test/resources/clips/friday.mp4")
                                            .toAbsolutePath()
                                            .toString()
                                    : v)
                            .toList());
            return Request.parse(request, VARIANT);
        }

        @Override
        public String toString() {
            return json.get("name").toString();
        }
    }

    static Stream<Case> cases() {
        return Json.array(Json.parse(VARIANT.resolve("cases.json")), "cases").stream()
                .map(c -> new Case(Json.object(c, "case")))
                .filter(Case::hasFiles);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void answersAsTheReference(Case c) {
        for (String device : List.of("cpu", "cpu:java")) {
            Pipeline pipe = OPEN.computeIfAbsent(device, KitTest::open);
            Inputs.Row row = pipe.inputs(c.request()).rows().getFirst();
            assertThat(row.prompt()).isEqualTo(only(c.json.get("prompt")));
            assertThat(row.inputIds()).isEqualTo(ints(only(c.json.get("input_ids"))));
            checkGrids(Json.object(c.json.get("grids"), "grids"), row);
            checkPixels(VARIANT.resolve("stages/" + c + ".safetensors"), row);
            assertThat(pipe.answer(c.request()).text()).isEqualTo(only(c.json.get("output_text")));
        }
    }

    private static void checkGrids(Map<String, Object> expected, Inputs.Row row) {
        assertThat(row.videos().stream()
                        .map(v -> v.grid().orElseThrow())
                        .<Object>map(g -> List.of((long) g.t(), (long) g.h(), (long) g.w()))
                        .toList())
                .isEqualTo(expected.get("video_grid_thw"));
        assertThat(row.videos().stream()
                        .<Object>map(v -> (double) (float) v.secondPerGridT())
                        .toList())
                .isEqualTo(expected.get("second_per_grid_ts"));
    }

    private static void checkPixels(Path stages, Inputs.Row row) {
        if (Files.exists(stages)) {
            try (Safetensors file = Safetensors.open(stages)) {
                assertThat(row.videos().getFirst().pixelValues().values())
                        .containsExactly(
                                file.segment("pixel_values_videos").toArray(ValueLayout.JAVA_FLOAT_UNALIGNED),
                                within(1e-6f));
            }
        }
    }

    private static Object only(Object value) {
        return value instanceof List<?> list && !(list.getFirst() instanceof Number) ? list.getFirst() : value;
    }

    private static int[] ints(Object list) {
        return Json.array(list, "ids").stream()
                .mapToInt(n -> ((Number) n).intValue())
                .toArray();
    }
}
