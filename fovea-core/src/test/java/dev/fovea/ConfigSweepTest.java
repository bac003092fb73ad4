package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every key of every configuration file with values that are wrong or odd: each is answered or refused by a sentence about it.
 * Nothing reaches the fence around opening, nothing fails behind it, and what no model can have is not taken in silence.
 */
class ConfigSweepTest {
    private static final int SAMPLE = 12;
    private static final long SEED = 12;

    /** Keys for which even a number that no model has means something, with what it means. */
    private static final Map<String, String> ANY_NUMBER = Map.ofEntries(
            Map.entry("max_position_embeddings", "a limit that is not reached"),
            Map.entry("max_pixels", "a limit that is not reached"),
            Map.entry("longest_edge", "a limit that is not reached"),
            Map.entry("shortest_edge", "a limit of clips that is not reached"),
            Map.entry("min_frames", "a limit that is not reached"),
            Map.entry("max_frames", "a limit that is not reached"),
            Map.entry("max_video_tokens", "a limit that is not reached"),
            Map.entry("sliding_window", "a window that is not filled"),
            Map.entry("sliding_window_pattern", "no layer of the model is the last of so many"),
            Map.entry("cross_attention_frequency", "only the first layer has it, as in a model of two"),
            Map.entry("no_repeat_ngram_size", "longer than the answer"),
            Map.entry("rope_theta", "any base"),
            Map.entry("rope_local_base_freq", "any base"),
            Map.entry("factor", "any factor"),
            Map.entry("query_pre_attn_scalar", "any scale"),
            Map.entry("rescale_factor", "any factor"),
            Map.entry("image_mean", "any mean"),
            Map.entry("repetition_penalty", "any factor above 0"),
            Map.entry("temperature", "greedy decoding does not look"),
            Map.entry("top_k", "greedy decoding does not look"),
            Map.entry("top_p", "greedy decoding does not look"),
            Map.entry("bos_token_id", "an id that never occurs"),
            Map.entry("eos_token_id", "an id that never occurs"),
            Map.entry("pad_token_id", "an id that never occurs"),
            Map.entry("forced_eos_token_id", "a limit that is not reached"));

    @TempDir
    Path work;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "blip2/opt-calm",
                "florence2/microsoft-calm",
                "florence2/native",
                "gemma3/base",
                "llava_onevision1_5/small",
                "opt/before",
                "qwen2_5_vl/base"
            })
    void aSample(String checkpoint) throws IOException, URISyntaxException {
        ConfigSweep sweep = new ConfigSweep(oracle().resolve(checkpoint).resolve("checkpoint"), work);
        List<ConfigMutation> sample = new ArrayList<>(sweep.mutations());
        Collections.shuffle(sample, new Random(SEED));
        check(sweep, sample.subList(0, SAMPLE));
    }

    /** All of them, minutes: {@code ./test -Dslow -pl fovea-core -Dtest=ConfigSweepTest}. */
    @Tag("slow")
    @ParameterizedTest
    @MethodSource("checkpoints")
    void all(Path checkpoint) throws IOException {
        ConfigSweep sweep = new ConfigSweep(checkpoint, work);
        check(sweep, sweep.mutations());
    }

    static Stream<Path> checkpoints() throws IOException, URISyntaxException {
        try (Stream<Path> all = Files.walk(oracle(), 3)) {
            return all.filter(p -> p.endsWith("checkpoint")).sorted().toList().stream();
        }
    }

    private static Path oracle() throws URISyntaxException {
        return Path.of(Objects.requireNonNull(ConfigSweepTest.class.getResource("/oracle"))
                .toURI());
    }

    private static void check(ConfigSweep sweep, List<ConfigMutation> mutations) throws IOException {
        List<ConfigSweep.Outcome> wrong = new ArrayList<>();
        for (ConfigMutation mutation : mutations) {
            ConfigSweep.Outcome outcome = sweep.run(mutation);
            boolean clear = outcome.isAnswered() || outcome.isRefused();
            if (!clear || isTakenInSilence(sweep, outcome)) {
                wrong.add(outcome);
            }
        }
        assertThat(wrong).as("refused by no sentence, or taken in silence").isEmpty();
    }

    /** What no model can have, in a key that counts. Of tokenizer_config.json the tokenizers' tests tell. */
    private static boolean isTakenInSilence(ConfigSweep sweep, ConfigSweep.Outcome outcome) {
        ConfigMutation mutation = outcome.mutation();
        return outcome.isAnswered()
                && outcome.warnings().isEmpty()
                && mutation.isPlainlyWrong()
                && !mutation.file().equals("tokenizer_config.json")
                && !ANY_NUMBER.containsKey(mutation.keys().getLast())
                && !sweep.isIgnored(mutation);
    }
}
