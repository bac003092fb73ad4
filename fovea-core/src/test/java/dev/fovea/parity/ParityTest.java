package dev.fovea.parity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.Answer;
import dev.fovea.GenerateOptions;
import dev.fovea.LoadOptions;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.io.Json;
import dev.fovea.models.Inputs;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Every case of the parity kit, for every family: prompt, ids, grids, pixels, stages, tokens, scores and texts are those of the
 * reference. The tolerances are the kit's. Nothing here knows a family.
 */
public class ParityTest {
    private static final String DEVICES = "fovea.test.devices";

    /** All cases on some devices, which the property names, with slashes between: {@code cuda} on a machine that has one. */
    private static final List<LoadOptions> ENGINES = Stream.of(
                    System.getProperty(DEVICES, "cpu").split("/"))
            .map(device -> LoadOptions.DEFAULT.withDevice(device).withThreads(device.equals("cpu") ? 2 : 1))
            .toList();

    /** Without the property, which every so many-th case of a variant runs on as well. */
    private static final LoadOptions TWIN =
            LoadOptions.DEFAULT.withDevice("cpu:java").withThreads(1);

    private static final int EVERY = 4;

    /** Where each family runs a little: the GPU's kernels interpreted, which is slow, and a model in two parts. */
    private static final List<LoadOptions> IN_PART =
            List.of(LoadOptions.DEFAULT.withDevice("cuda:ptx"), LoadOptions.DEFAULT.withDevice("cpu:java,cpu"));

    private static final Map<String, Set<String>> PART = Map.of(
            "gemma3/base", Set.of("one-token"),
            "qwen2_5_vl/base", Set.of("tiny"),
            "llava_onevision1_5/small", Set.of("one_token"),
            "blip2/opt-saved", Set.of("question-1"),
            "florence2/native", Set.of("beams-all"));

    private static final Map<String, Pipeline> OPEN = new HashMap<>();

    @AfterAll
    static void close() {
        OPEN.values().forEach(Pipeline::close);
        OPEN.clear();
    }

    @TestFactory
    Stream<DynamicNode> kit() throws IOException, URISyntaxException {
        Path kit = Path.of(ParityTest.class.getResource("/oracle").toURI());
        try (Stream<Path> files = Files.walk(kit, 3)) {
            List<Path> variants = files.filter(f -> f.endsWith("cases.json"))
                    .map(Path::getParent)
                    .filter(v -> kit.relativize(v).toString().startsWith(System.getProperty("fovea.test.kit", "")))
                    .sorted()
                    .toList();
            return variants.stream()
                    .map(v ->
                            DynamicContainer.dynamicContainer(kit.relativize(v).toString(), engines(kit, v)));
        }
    }

    private static Stream<DynamicNode> engines(Path kit, Path variant) {
        List<ParityCase> all = ParityCase.all(variant);
        Stream<DynamicNode> nodes = ENGINES.stream().map(engine -> on(engine, all.stream()));
        if (System.getProperty(DEVICES) != null) {
            return nodes;
        }
        Stream<ParityCase> some =
                IntStream.range(0, all.size()).filter(i -> i % EVERY == 0).mapToObj(all::get);
        Set<String> few = PART.getOrDefault(kit.relativize(variant).toString(), Set.of());
        Stream<DynamicNode> parts = IN_PART.stream()
                .filter(_ -> !few.isEmpty())
                .map(engine -> on(engine, all.stream().filter(c -> few.contains(c.name()))));
        return Stream.of(nodes, Stream.of(on(TWIN, some)), parts).flatMap(s -> s);
    }

    private static DynamicNode on(LoadOptions engine, Stream<ParityCase> cases) {
        return DynamicContainer.dynamicContainer(
                engine.device(), cases.map(c -> DynamicTest.dynamicTest(c.name(), () -> check(c, engine))));
    }

    private static void check(ParityCase c, LoadOptions engine) {
        Assumptions.assumeFalse(c.hasVideoFiles(), "of clips that are files see KitTest of fovea-video");
        Pipeline pipe = OPEN.computeIfAbsent(
                c.variant() + " " + engine + c.text("dtype"),
                _ -> Pipeline.of(
                        "image-text-to-text",
                        c.variant().resolve("checkpoint").toString(),
                        engine.withDtype(c.text("dtype"))));
        List<Request> requests = c.requests(Map.of());
        checkInputs(c, pipe, requests);
        checkStages(c, pipe, requests);
        checkTeacherForced(c, pipe);
        boolean otherAlone = c.batchDiffers() && c.alternative().isEmpty(); // a second implementation masks the padding
        if (!c.isFloat32() || otherAlone) {
            return;
        }
        List<Integer> ends = requests.getFirst()
                .generate()
                .over(pipe.model().generationConfig())
                .eosTokenId();
        checkAnswers(c, pipe.answer(requests, GenerateOptions.DEFAULT), ends);
        if (requests.size() > 1) {
            checkAnswers(c, requests.stream().map(pipe::answer).toList(), ends);
        }
    }

    private static void checkInputs(ParityCase c, Pipeline pipe, List<Request> requests) {
        List<int[]> expectedIds = c.ids("input_ids");
        List<Inputs.Visual> images = new ArrayList<>();
        List<Inputs.Visual> videos = new ArrayList<>();
        for (int r = 0; r < requests.size(); r++) {
            var row = pipe.inputs(requests.get(r)).rows().getFirst();
            if (c.json().get("prompt") != null) {
                assertThat(row.prompt()).as("prompt").isEqualTo(c.rows("prompt").get(r));
            }
            assertThat(row.inputIds()).as("input_ids of row " + r).isEqualTo(expectedIds.get(r));
            images.addAll(row.images());
            videos.addAll(row.videos());
        }
        if (c.json().get("grids") instanceof Map<?, ?> expected) {
            checkGrids("image_grid_thw", expected, images);
            checkGrids("video_grid_thw", expected, videos);
            if (expected.get("second_per_grid_ts") instanceof List<?> seconds) {
                assertThat(videos.stream().map(v -> (double) (float) v.secondPerGridT()))
                        .as("second_per_grid_ts")
                        .isEqualTo(seconds);
            }
        }
    }

    private static void checkGrids(String name, Map<?, ?> expected, List<Inputs.Visual> visuals) {
        if (expected.get(name) != null) {
            List<Object> grids = visuals.stream()
                    .flatMap(v -> v.grid().stream())
                    .<Object>map(g -> List.of((long) g.t(), (long) g.h(), (long) g.w()))
                    .toList();
            assertThat(grids).as(name).isEqualTo(expected.get(name));
        }
    }

    private static void checkStages(ParityCase c, Pipeline pipe, List<Request> requests) {
        if (!Files.exists(c.stages(""))) {
            return;
        }
        boolean decoder = Stages.has(c.stages(""), "decoder.layers.0");
        List<Request> traced = decoder ? c.requests(answerIds(Stages.ints(c.stages(""), "forced.targets"))) : requests;
        List<Stages> rows = traced.stream().map(r -> trace(pipe, r)).toList();
        Stages.compare(c, rows);
    }

    private static Stages trace(Pipeline pipe, Request request) {
        Stages stages = new Stages();
        pipe.trace(request, stages::add);
        return stages;
    }

    /** Where the reference has two implementations that differ, either answer counts. */
    private static void checkAnswers(ParityCase c, List<Answer> answers, List<Integer> ends) {
        try {
            checkAnswersOf(c, answers, ends);
        } catch (AssertionError other) {
            checkAnswersOf(c.alternative().orElseThrow(() -> other), answers, ends);
        }
    }

    private static void checkAnswersOf(ParityCase c, List<Answer> answers, List<Integer> ends) {
        List<Answer.Candidate> all =
                answers.stream().flatMap(a -> a.sequences().stream()).toList();
        List<int[]> ids = c.ids("output_ids");
        assertThat(all).as("number of sequences").hasSameSizeAs(ids);
        for (int i = 0; i < ids.size(); i++) {
            Answer.Candidate answer = all.get(i);
            int[] expected = ids.get(i);
            int length = answer.tokenIds().length;
            assertThat(length).as("length of sequence " + i).isLessThanOrEqualTo(expected.length);
            assertThat(answer.tokenIds()).as("output_ids " + i).isEqualTo(Arrays.copyOf(expected, length));
            long fill = IntStream.range(length, expected.length)
                    .map(k -> expected[k])
                    .distinct()
                    .count();
            assertThat(fill)
                    .as("behind the end of sequence " + i + " only padding is expected")
                    .isLessThanOrEqualTo(1);
            if (length < expected.length) {
                assertThat(ends).as("what ended sequence " + i).contains(expected[length - 1]);
            }
            if (c.json().get("output_text") != null) {
                checkTexts(c, i, answer, length == expected.length);
            }
            if (c.json().get("sequence_score") != null) {
                double score = ((Number) c.rows("sequence_score").get(i)).doubleValue();
                double tolerance = 1e-4 * Math.max(1, Math.abs(score)) + c.distanceFromExact("sequence_score");
                assertThat(answer.score().getAsDouble()).as("score " + i).isCloseTo(score, Offset.offset(tolerance));
            }
        }
        if (c.json().get("parsed") != null) {
            List<Object> parsed = answers.stream()
                    .flatMap(a -> a.parsed().stream())
                    .map(p -> (Object) p.toMap())
                    .toList();
            assertThat(parsed).as("parsed").hasSameSizeAs(all);
            for (int i = 0; i < ids.size(); i++) {
                String padding = ((String) c.rows("output_text_raw").get(i))
                        .substring(all.get(i).textRaw().length());
                checkParsed(i, parsed.get(i), without(padding, c.rows("parsed").get(i)));
            }
        }
    }

    private static void checkTexts(ParityCase c, int i, Answer.Candidate answer, boolean whole) {
        assertThat(answer.text())
                .as("output_text " + i)
                .isEqualTo(c.rows("output_text").get(i));
        String raw = (String) c.rows("output_text_raw").get(i);
        assertThat(raw).as("output_text_raw " + i).startsWith(answer.textRaw());
        assertThat(raw.length() == answer.textRaw().length())
                .as("whole raw text")
                .isEqualTo(whole);
    }

    /** The parsed answer of a returned sequence, as JSON. */
    private static void checkParsed(int i, Object parsed, Object expected) {
        assertThat(Json.parse(Json.write(parsed), "parsed"))
                .as("parsed " + i)
                .usingRecursiveComparison()
                .isEqualTo(expected);
    }

    /** What the reference parsed, less the padding that it leaves at the end of texts. */
    private static Object without(String padding, Object json) {
        return switch (json) {
            case String text
            when !padding.isEmpty() && text.endsWith(padding) -> text.substring(0, text.length() - padding.length());
            case Map<?, ?> map ->
                map.entrySet().stream()
                        .collect(Collectors.toMap(Map.Entry::getKey, e -> without(padding, e.getValue())));
            case List<?> list -> list.stream().map(e -> without(padding, e)).toList();
            default -> json;
        };
    }

    /**
     * The reference's likeliest token, or one of those it finds equally likely, among the best two at each position, and a small KL
     * divergence, for each row of the case.
     * The answer's own token is another one where a logits processor forced or forbade it.
     */
    private static void checkTeacherForced(ParityCase c, Pipeline pipe) {
        Forced forced = Forced.of(c);
        for (int row = 0; row < forced.rows(); row++) {
            int[] answer = forced.targets(row);
            Request request = c.requests(answerIds(answer)).get(row);
            float[] logits = trace(pipe, request).get("logits.answer");
            int vocab = logits.length / answer.length;
            double kl = 0;
            for (int p = 0; p < answer.length; p++) {
                double[] own = logSoftmax(logits, p * vocab, vocab);
                kl += forced.klDivergence(row, p, own);
                if (!c.isFloat32()) {
                    double target = forced.likeliest(row, p)
                            .mapToDouble(id -> own[id])
                            .max()
                            .orElseThrow();
                    long better =
                            Arrays.stream(own).filter(value -> value > target).count();
                    assertThat(better)
                            .as("tokens above the reference's at position " + p)
                            .isLessThanOrEqualTo(1);
                }
            }
            double limit = c.isFloat32() ? 1e-6 : Math.max(4e-4, 1.5 * forced.klFloat32());
            assertThat(kl / answer.length).as("mean KL divergence").isLessThanOrEqualTo(limit);
        }
    }

    private static Map<String, Object> answerIds(int[] ids) {
        return Map.of("answer_ids", Arrays.stream(ids).asLongStream().boxed().toList());
    }

    private static double[] logSoftmax(float[] logits, int from, int count) {
        double max = IntStream.range(from, from + count)
                .mapToDouble(i -> logits[i])
                .max()
                .orElseThrow();
        double sum = IntStream.range(from, from + count)
                .mapToDouble(i -> Math.exp(logits[i] - max))
                .sum();
        return IntStream.range(from, from + count)
                .mapToDouble(i -> logits[i] - max - Math.log(sum))
                .toArray();
    }
}
