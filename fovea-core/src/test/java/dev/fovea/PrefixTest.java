package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.generate.LogitsProcessor;
import dev.fovea.tensor.DType;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Prompts that begin like prompts before: what is found, and that nothing else comes of it. */
@Timeout(120)
class PrefixTest {
    private static final String CAT = resource("/assets/images/chelsea.png").toString();

    private static Path resource(String name) {
        try {
            return Path.of(PrefixTest.class.getResource(name).toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private static Pipeline open(String kit, String dtype) {
        return Pipeline.of(
                "image-text-to-text",
                resource("/oracle/" + kit + "/checkpoint").toString(),
                LoadOptions.DEFAULT.withDtype(dtype));
    }

    /** An answer, and all scores of all its steps. */
    private record Said(Answer answer, List<float[]> scores) {
        static Said of(Pipeline pipe, List<Map<String, Object>> messages, String client) {
            List<float[]> scores = new ArrayList<>();
            LogitsProcessor recorder = (_, of) -> scores.add(of.clone());
            Request request = Request.parse(
                    Map.of("messages", messages, "generate", Map.of("max_new_tokens", 5, "do_sample", false)),
                    Path.of("."));
            return new Said(
                    pipe.answer(
                            request, GenerateOptions.DEFAULT.withClient(client).withLogitsProcessors(recorder)),
                    scores);
        }

        int found() {
            return answer.usage().cachedTokens();
        }

        int[] prompt() {
            return answer.promptTokenIds();
        }

        void is(Said other) {
            assertThat(answer.sequences().getFirst().tokenIds())
                    .isEqualTo(other.answer.sequences().getFirst().tokenIds());
            assertThat(scores).hasSameSizeAs(other.scores);
            for (int step = 0; step < scores.size(); step++) {
                assertThat(scores.get(step)).as("scores of step %d", step).isEqualTo(other.scores.get(step));
            }
        }
    }

    private static Map<String, Object> turn(String role, Object content) {
        return Map.of("role", role, "content", content);
    }

    private static Object picture(String text) {
        return List.of(Map.of("type", "image", "image", CAT), Map.of("type", "text", "text", text));
    }

    private static String words(int count, int seed) {
        Random random = new Random(seed);
        String[] some = {"red", "circle", "left", "of", "the", "two", "stars", "and", "a", "house"};
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(some[random.nextInt(some.length)]).append(' ');
        }
        return text.toString();
    }

    private static int common(int[] a, int[] b) {
        int mismatch = Arrays.mismatch(a, b);
        return mismatch < 0 ? a.length : mismatch;
    }

    /** In float32 a row's bits do not depend on where its prompt is cut: a turn finds all of the turns before but for some tokens. */
    @ParameterizedTest
    @ValueSource(strings = {"qwen2_5_vl/base", "gemma3/saved", "llava_onevision1_5/small"})
    void aTurnCostsItsNewTokens(String kit) {
        try (Pipeline plain = open(kit, "float32");
                Pipeline batched = plain.batched(BatchOptions.DEFAULT)) {
            List<Map<String, Object>> talk = new ArrayList<>(List.of(turn("user", picture("What is it?"))));
            Said before = null;
            for (int turn = 0; turn < 4; turn++) {
                Said alone = Said.of(plain, talk, "");
                Said one = Said.of(batched, talk, "");
                one.is(alone);
                assertThat(alone.found()).isZero();
                if (before == null) {
                    assertThat(one.found()).isZero();
                } else {
                    int same = Math.min(common(before.prompt(), one.prompt()), one.prompt().length - 17);
                    assertThat(one.found()).isBetween(Math.max(1, same - 256), same);
                    if (!kit.startsWith("gemma3")) { // whose pictures are not cut
                        assertThat(one.found()).isEqualTo(same / 16 * 16);
                    }
                }
                before = one;
                talk.add(turn("assistant", one.answer().text()));
                talk.add(turn("user", words(40 * turn + 3, turn)));
            }
        }
    }

    /** Prompts that part anywhere, longer than a pass and shorter. */
    @Test
    void whatIsFoundHasTheBitsOfTheWhole() {
        try (Pipeline plain = open("qwen2_5_vl/base", "float32");
                Pipeline batched = plain.batched(BatchOptions.DEFAULT)) {
            String system = words(700, 1);
            for (int i = 0; i < 8; i++) {
                List<Map<String, Object>> talk = List.of(
                        turn("system", system.substring(0, system.length() - 390 * i)), turn("user", words(9 * i, i)));
                Said one = Said.of(batched, talk, "");
                one.is(Said.of(plain, talk, ""));
                assertThat(one.found() > 0).isEqualTo(i > 0);
                assertThat(one.found() % 16).isZero();
            }
        }
    }

    /** Where bits depend on the number of rows, prompts are cut where somebody else speaks. */
    @Test
    void whatIsFoundInSixteenBitsHasThemToo() {
        try (Pipeline plain = open("qwen2_5_vl/base", "bfloat16");
                Pipeline batched = plain.batched(BatchOptions.DEFAULT)) {
            Map<String, Object> system = turn("system", words(300, 2));
            Said first = Said.of(batched, List.of(system, turn("user", "What is it?")), "");
            List<Map<String, Object>> talk = List.of(
                    system, turn("user", "What is it?"), turn("assistant", "A house."), turn("user", words(30, 3)));
            Said second = Said.of(batched, talk, "");
            second.is(Said.of(plain, talk, ""));
            assertThat(second.found()).isBetween(256, common(first.prompt(), second.prompt()));
            assertThat(Said.of(batched, talk, "another").found()).isZero();
            boolean anywhere;
            try (CpuBackend backend = CpuBackend.create(CpuBackend.Options.defaults())) {
                anywhere = backend.sharedRows(DType.BFLOAT16).isUnbounded();
            }
            assertThat(second.found() % 16 == 0).isEqualTo(anywhere);
        }
    }
}
