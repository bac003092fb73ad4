package dev.fovea;

import static dev.fovea.Content.text;
import static dev.fovea.Content.video;
import static dev.fovea.Message.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import dev.fovea.error.NativeException;
import dev.fovea.error.OptionException;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.io.Json;
import dev.fovea.media.ImageSource;
import dev.fovea.media.Loader;
import dev.fovea.media.Picture;
import dev.fovea.media.VideoSource;
import dev.fovea.models.GridThw;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clips in requests, messages and calls, and what users get wrong with them. */
class ClipsTest {
    private static final GenerationConfig GREEDY =
            GenerationConfig.maxNewTokens(24).withDoSample(false);
    private static final Map<String, Object> GREEDY_JSON = Map.of("max_new_tokens", 24, "do_sample", false);

    private static Path variant;
    private static Pipeline pipe;

    @TempDir
    Path folder;

    @BeforeAll
    static void open() throws URISyntaxException {
        variant = resource("/oracle/qwen2_5_vl/video");
        pipe = Pipeline.imageTextToText(variant.resolve("checkpoint"));
    }

    @AfterAll
    static void close() {
        pipe.close();
    }

    /** The case utils-frames-odd of the kit, said in every way. */
    @Test
    void allWaysToSayItAnswerTheSame() {
        String expected = answerOfTheKit("utils-frames-odd");
        Path directory = variant.resolve("media/five");
        List<Path> files = IntStream.range(0, 5)
                .mapToObj(i -> directory.resolve("0" + i + ".png"))
                .toList();
        VideoSource sources = VideoSource.of(files.stream().map(ImageSource::of).toList());
        for (Content.Video clip : List.of(video(directory), video(files), video(sources))) {
            List<Message> messages = List.of(user(clip.pixels(3136, 6272).sampleFps(0.5), text("What happens?")));
            assertThat(pipe.generate(messages, GREEDY).text()).isEqualTo(expected);
            var inputs = pipe.processor()
                    .process(
                            pipe.processor().applyChatTemplate(messages),
                            pipe.processor().processVisionInfo(messages));
            assertThat(pipe.processor()
                            .batchDecode(pipe.model().generate(inputs, GREEDY).trimmed()))
                    .containsExactly(expected);
        }
        for (String json : List.of(
                "{\"messages\": [{\"role\": \"user\", \"content\": [ITEM]}], GREEDY}"
                        .replace("ITEM", item("\"video\": \"media/five\", ")),
                "{\"messages\": [{\"role\": \"user\", \"content\": [ITEM]}], \"videos\": [\"media/five\"], GREEDY}"
                        .replace("ITEM", item("")))) {
            String greedy = json.replace("GREEDY", "\"generate\": " + Json.write(GREEDY_JSON));
            assertThat(pipe.answer(request(greedy, variant)).text()).isEqualTo(expected);
        }
    }

    private static String item(String source) {
        return "{\"type\": \"video\", " + source + "\"min_pixels\": 3136, \"max_pixels\": 6272, \"sample_fps\": 0.5},"
                + " {\"type\": \"text\", \"text\": \"What happens?\"}";
    }

    @Test
    void answersCountTheTokensOfClips() {
        List<Message> messages = List.of(user(video(variant.resolve("media/walk")), text("What happens?")));
        Answer answer = pipe.generate(messages, GREEDY);
        assertThat(answer.videoGridThw()).containsExactly(new GridThw(3, 4, 6));
        assertThat(answer.imageGridThw()).isEmpty();
        assertThat(answer.usage().videoTokens()).isEqualTo(18);
        Map<String, Object> json = Json.object(Json.parse(Json.write(answer.toMap()), "answer"), "answer");
        assertThat(json).containsEntry("video_grid_thw", List.of(List.of(3L, 4L, 6L)));
        assertThat(Json.object(json.get("usage"), "usage"))
                .containsEntry("image_tokens", 0L)
                .containsEntry("video_tokens", 18L);
    }

    /** A raw prompt names the clip by its placeholder. */
    @Test
    void clipsBesideARawPrompt() {
        String prompt = pipe.processor().applyChatTemplate(List.of(user(video(), text("What happens?"))));
        Request raw = request(
                Json.write(Map.of("text", prompt, "videos", List.of("media/walk"), "generate", GREEDY_JSON)), variant);
        Request chat = Request.of(List.of(user(video(variant.resolve("media/walk")), text("What happens?"))), GREEDY);
        assertThat(pipe.answer(raw).text()).isEqualTo(pipe.answer(chat).text());
    }

    /** transformers' defaults of a call hold for clips as for pictures. */
    @Test
    void limitsOfTheProcessor() {
        Processor small = pipe.processor().with(Map.of("max_pixels", 4704));
        List<Message> messages = List.of(user(video(variant.resolve("media/five")), text("?")));
        var inputs = small.process(small.applyChatTemplate(messages), small.open(messages, Loader.LOAD_IMAGE));
        assertThat(inputs.videoGridThw()).containsExactly(new GridThw(3, 4, 4));
    }

    @Test
    void numbersOfClipsAndItemsDiffer() {
        refused(
                InputException.class,
                () -> request("{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"video\"}]}]}", variant),
                "1 video items without a clip",
                "0 clips");
        refused(
                InputException.class,
                () -> request(
                        "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], \"videos\": [\"a\"]}", variant),
                "0 video items",
                "1 clips");
        refused(
                InputException.class,
                () -> pipe.answer(request("{\"text\": \"Hi\", \"videos\": [\"media/walk\"]}", variant)),
                "0 video placeholders",
                "1 videos");
        refused(
                InputException.class,
                () -> pipe.processor().process("<|video_pad|>", List.of()),
                "1 video placeholders",
                "0 videos");
    }

    @Test
    void framesThatAreMissingOrOfOtherSizes() throws IOException {
        ask(InputException.class, "[\"media/walk/00.png\", \"media/walk/99.png\"]", "", "99.png", "no such file");
        ask(
                InputException.class,
                "[\"media/walk/00.png\", \"media/five/00.png\"]",
                "",
                "frame 2",
                "75 x 100",
                "84 x 56");
        ask(InputException.class, "[]", "", "empty list");
        ask(InputException.class, "3", "", "a video is the number 3", "folder of frames");
        ask(InputException.class, "\"media/none\"", "", "media/none", "no such folder");
        ask(NativeException.class, "\"cases.json\"", "", "fovea-video", "ffmpeg");
        Files.write(folder.resolve("0.png"), new Picture(300, 1, new byte[900]).png());
        ask(InputException.class, "\"" + folder + "\"", "", "300 x 1", "aspect ratio");
    }

    @Test
    void optionsOfAnItem() {
        ask(OptionException.class, "\"media/walk\"", "\"fps\": 2", "fps", "video file", "6 frames", "sample_fps");
        ask(OptionException.class, "\"media/walk\"", "\"nframes\": 2", "nframes", "video file");
        ask(NativeException.class, "\"cases.json\"", "\"fps\": 2", "fovea-video");
        ask(OptionException.class, "\"media/walk\"", "\"sample_fps\": 0", "sample_fps is 0.0");
        ask(OptionException.class, "\"media/walk\"", "\"resized_height\": 56", "resized_width");
        ask(OptionException.class, "\"media/walk\"", "\"max_pixels\": 6272", "min_pixels 12544", "max_pixels 6272");
        refused(
                OptionException.class,
                () -> pipe.processor()
                        .open(List.of(user(video(variant.resolve("media/walk")).sampleFps(1))), Loader.PIL),
                "sample_fps",
                "qwen_vl_utils");
    }

    @Test
    void openedFramesAreTakenAsTheyAre() throws IOException {
        Path grey = resource().resolve("assets/images/hopper_gray.jpg");
        refused(
                OptionException.class,
                () -> pipe.processor().open(List.of(user(video(List.of(grey)))), Loader.PIL),
                "mode L",
                "load_image");
    }

    @Test
    void familiesWithoutClips() throws URISyntaxException {
        Path gemma = resource("/oracle/gemma3/base");
        try (Pipeline other = Pipeline.imageTextToText(gemma.resolve("checkpoint"))) {
            refused(
                    InputException.class,
                    () -> other.generate(List.of(user(video(folder), text("?")))),
                    "gemma3",
                    "no clips",
                    "give pictures");
        }
    }

    private static void ask(Class<? extends FoveaException> type, String source, String options, String... parts) {
        String item = "{\"type\": \"video\", \"video\": " + source + (options.isEmpty() ? "" : ", ") + options + "}";
        refused(
                type,
                () -> pipe.answer(
                        request("{\"messages\": [{\"role\": \"user\", \"content\": [" + item + "]}]}", variant)),
                parts);
    }

    private static Request request(String json, Path directory) {
        return Request.parse(Json.object(Json.parse(json, "request"), "request"), directory);
    }

    private static String answerOfTheKit(String name) {
        return Json.array(Json.parse(variant.resolve("cases.json")), "cases").stream()
                .map(c -> Json.object(c, "case"))
                .filter(c -> name.equals(c.get("name")))
                .map(c -> (String) Json.array(c.get("output_text"), "texts").getFirst())
                .findFirst()
                .orElseThrow();
    }

    private static Path resource(String name) throws URISyntaxException {
        return Path.of(ClipsTest.class.getResource(name).toURI());
    }

    private static Path resource() throws IOException {
        try {
            return resource("/");
        } catch (URISyntaxException e) {
            throw new IOException(e);
        }
    }

    private static void refused(Class<? extends FoveaException> type, ThrowingCallable call, String... parts) {
        assertThatExceptionOfType(type)
                .isThrownBy(call)
                .satisfies(e -> assertThat(e.getMessage() + " " + e.hint()).contains(parts));
    }
}
