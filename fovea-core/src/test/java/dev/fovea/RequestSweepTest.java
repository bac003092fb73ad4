package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.error.FoveaException;
import dev.fovea.io.Json;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Requests with one to three things wrong in them are answered or refused with a reason; nothing else comes out. The long run,
 * {@code ./test -Dslow -pl fovea-core -Dtest=RequestSweepTest}, takes minutes; {@code -Dfovea.test.seed=N} gives other requests.
 */
class RequestSweepTest {
    private static final Path ORACLE = Path.of("src/test/resources/oracle").toAbsolutePath();
    private static final int SHORT = 150;
    private static final int LONG = 20_000;
    private static final int TOKENS = 3;

    private static final String QUESTION = """
            {"id": 1, "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": [
            {"type": "image", "min_pixels": 3136}, {"type": "text", "text": "What is it?"}]}], "images": ["odd.png"],
            "processor": {"max_pixels": 50176}, "generate": {"max_new_tokens": 3, "num_beams": 2, "eos_token_id": [1, 2],
            "stop_strings": ["."], "do_sample": false, "temperature": 0.7}, "loader": "load_image"}""";
    private static final String RAW = """
            {"id": "a", "text": "What is it?", "images": ["odd.png"], "processor": {"do_resize": true},
            "generate": {"max_new_tokens": 3, "num_beams": 2, "length_penalty": 0.5, "do_sample": true, "top_k": 5}}""";
    private static final String TASK = """
            {"id": "a", "text": "<OD>", "images": ["odd.png"], "generate": {"max_new_tokens": 3, "num_beams": 3}}""";

    /** What requests and their parts can have, right or wrong. */
    private static final String[] KEYS = """
            id messages text images videos processor generate loader resampler class_rows answer_ids role content type image
            video url min_pixels max_pixels resized_height resized_width total_pixels fps sample_fps raw_fps nframes size
            do_resize do_rescale do_normalize do_pan_and_scan pan_and_scan_min_crop_size pan_and_scan_max_num_crops
            pan_and_scan_min_ratio_to_activate padding truncation max_length max_new_tokens min_length min_new_tokens
            early_stopping do_sample num_beams num_beam_groups penalty_alpha use_cache temperature top_k top_p min_p typical_p
            epsilon_cutoff eta_cutoff repetition_penalty encoder_repetition_penalty length_penalty no_repeat_ngram_size
            bad_words_ids force_words_ids renormalize_logits forced_bos_token_id forced_eos_token_id remove_invalid_values
            exponential_decay_length_penalty suppress_tokens begin_suppress_tokens sequence_bias guidance_scale
            num_return_sequences output_scores pad_token_id bos_token_id eos_token_id stop_strings seed max_time
            interpolate_pos_encoding""".split("\\s+");

    private static final List<@Nullable Object> VALUES = new ArrayList<>();

    static {
        Collections.addAll(
                VALUES,
                null,
                true,
                false,
                -1L,
                0L,
                1L,
                2L,
                (long) Integer.MAX_VALUE,
                (long) Integer.MAX_VALUE + 1,
                (long) Integer.MIN_VALUE,
                Long.MAX_VALUE,
                Long.MIN_VALUE,
                BigInteger.TWO.pow(70),
                0.5,
                -0.5,
                1e308,
                Double.MIN_VALUE,
                "",
                "x",
                "-1",
                "never",
                "odd.png",
                "lost.png",
                "\u0000",
                "\ud800",
                "http://[",
                "data:image/png;base64,AAAA",
                "<image><|image_pad|><OD><loc_5>",
                "word ".repeat(40),
                List.of(),
                List.of(List.of()),
                List.of(-1L),
                List.of(5L, "x"),
                List.of(1_000_000_000L),
                Map.of(),
                Map.of("type", "image"),
                Map.of("a", List.of(Map.of())));
    }

    /** A model of the kit, and a request that it answers. */
    record Kit(String checkpoint, String request) {
        @Override
        public String toString() {
            return checkpoint;
        }
    }

    static Stream<Kit> kits() {
        return Stream.of(
                new Kit("qwen2_5_vl/base", QUESTION),
                new Kit(
                        "gemma3/base",
                        QUESTION.replace(", \"min_pixels\": 3136", "")
                                .replace("\"max_pixels\": 50176", "\"do_pan_and_scan\": true")),
                new Kit("llava_onevision1_5/small", QUESTION),
                new Kit("florence2/native", TASK),
                new Kit("blip2/opt-saved", RAW));
    }

    @ParameterizedTest
    @MethodSource("kits")
    void onlyReasonsComeOut(Kit kit) {
        sweep(kit, SHORT);
    }

    @Tag("slow")
    @ParameterizedTest
    @MethodSource("kits")
    void onlyReasonsComeOutOfManyMore(Kit kit) {
        sweep(kit, LONG);
    }

    private static void sweep(Kit kit, int count) {
        Map<String, Integer> outcomes = new TreeMap<>();
        Map<String, String> wrong = new TreeMap<>();
        long seed = Long.getLong("fovea.test.seed", 12);
        try (Pipeline pipe = Pipeline.imageTextToText(
                ORACLE.resolve(kit.checkpoint).resolve("checkpoint").toString())) {
            for (int i = 0; i < count; i++) {
                Map<String, @Nullable Object> request = mutated(kit, new Random(seed + i));
                String outcome = outcome(pipe, request, wrong);
                outcomes.merge(outcome, 1, Integer::sum);
            }
        }
        assertThat(wrong).as("what came out of requests, with seed %d", seed).isEmpty();
        assertThat(outcomes).as("both kinds are among them").containsKeys("answered", "refused");
    }

    private static String outcome(Pipeline pipe, Map<String, @Nullable Object> json, Map<String, String> wrong) {
        AtomicInteger asked = new AtomicInteger();
        GenerateOptions options = GenerateOptions.DEFAULT.withCancelled(() -> asked.incrementAndGet() > TOKENS);
        try {
            Request request = Request.parse(json, ORACLE.resolve("qwen2_5_vl/base/media"));
            pipe.answer(request, options);
            return "answered";
        } catch (FoveaException e) {
            return e.getMessage().isBlank() ? "silent" : "refused";
        } catch (RuntimeException | Error e) {
            StackTraceElement[] trace = e.getStackTrace();
            wrong.putIfAbsent(e + (trace.length > 0 ? " at " + trace[0] : ""), Json.write(json));
            return "wrong";
        }
    }

    private static Map<String, @Nullable Object> mutated(Kit kit, Random random) {
        Map<String, @Nullable Object> request = Json.object(Json.parse(kit.request, "request"), "request");
        for (int n = 1 + random.nextInt(3); n > 0; n--) {
            change(request, random);
        }
        return request;
    }

    /** Changes something at any depth. */
    @SuppressWarnings("unchecked")
    private static void change(Object at, Random random) {
        if (at instanceof Map<?, ?> map) {
            changeObject((Map<String, @Nullable Object>) map, random);
        } else if (at instanceof List<?> list && !list.isEmpty()) {
            List<@Nullable Object> values = (List<@Nullable Object>) list;
            int i = random.nextInt(values.size());
            Object value = values.get(i);
            switch (random.nextInt(4)) {
                case 0 -> values.set(i, any(random));
                case 1 -> values.add(i, any(random));
                case 2 -> values.remove(i);
                default -> deeper(value, random, () -> values.set(i, any(random)));
            }
        }
    }

    private static void changeObject(Map<String, @Nullable Object> object, Random random) {
        List<String> keys = List.copyOf(object.keySet());
        if (keys.isEmpty() || random.nextInt(3) == 0) {
            object.put(KEYS[random.nextInt(KEYS.length)], any(random));
            return;
        }
        String key = keys.get(random.nextInt(keys.size()));
        switch (random.nextInt(5)) {
            case 0 -> object.remove(key);
            case 1 -> object.put(key, any(random));
            default -> deeper(object.get(key), random, () -> object.put(key, any(random)));
        }
    }

    private static void deeper(@Nullable Object value, Random random, Runnable otherwise) {
        if (value instanceof Map || value instanceof List) {
            change(value, random);
        } else {
            otherwise.run();
        }
    }

    private static @Nullable Object any(Random random) {
        return changeable(VALUES.get(random.nextInt(VALUES.size())));
    }

    /** A copy whose containers can be changed. */
    private static @Nullable Object changeable(@Nullable Object value) {
        return switch (value) {
            case Map<?, ?> map -> {
                Map<String, @Nullable Object> copy = new LinkedHashMap<>();
                map.forEach((key, v) -> copy.put(String.valueOf(key), changeable(v)));
                yield copy;
            }
            case List<?> list -> {
                List<@Nullable Object> copy = new ArrayList<>();
                list.forEach(v -> copy.add(changeable(v)));
                yield copy;
            }
            case null, default -> value;
        };
    }
}
