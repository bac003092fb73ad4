package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.generate.FinishReason;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.io.Json;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.ImageSource;
import dev.fovea.models.Inputs;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the kit of Florence-2 does not ask for. */
class Florence2Test {
    private static final GenerationConfig GREEDY =
            GenerationConfig.maxNewTokens(12).withNumBeams(1);

    private static Path checkpoint;
    private static Model model;
    private static Processor processor;
    private static DecodedImage picture;

    @TempDir
    Path directory;

    @BeforeAll
    static void open() throws URISyntaxException {
        checkpoint = resource("/oracle/florence2/microsoft-large/checkpoint");
        model = Florence2ForConditionalGeneration.fromPretrained(
                checkpoint.toString(), LoadOptions.DEFAULT.withDtype("float32"));
        processor = AutoProcessor.fromPretrained(checkpoint);
        picture = ImageSource.of(resource("/assets/images/hopper.png")).decode();
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @Test
    void generationDefaultsComeFromTheInnerModel() {
        GenerationConfig config = model.generationConfig();
        assertThat(config.toMap()).containsEntry("num_beams", 3).containsEntry("early_stopping", true);
        assertThat(config.noRepeatNgramSize()).isEqualTo(3);
        assertThat(config.forcedBosTokenId()).hasValue(0);
        assertThat(config.forcedEosTokenId()).containsExactly(2);
    }

    @Test
    void aPictureIsEncodedOnceForAllTasks() {
        String caption = answer("<CAPTION>");
        List<String> again = IntStream.range(0, 8)
                .parallel()
                .mapToObj(i -> answer(i % 2 == 0 ? "<CAPTION>" : "<OD>"))
                .toList();
        assertThat(again.stream().distinct()).hasSize(2).contains(caption);
    }

    @Test
    void anAnswerEndsAtTheLastPosition() {
        GenerationConfig endless =
                GenerationConfig.maxNewTokens(4096).withMinNewTokens(4096).withNumBeams(1);
        var answer = model.generate(processor.process(picture, "<OD>"), endless)
                .answers()
                .getFirst();
        assertThat(answer.ids()).hasSize(512).endsWith(2);
        assertThat(answer.reason()).isIn(FinishReason.LENGTH, FinishReason.STOP);
    }

    @Test
    void aPromptLongerThanThePositions() {
        Inputs tooLong = processor.process(picture, "word ".repeat(300));
        input(() -> model.generate(tooLong, GREEDY), "512 positions");
        Inputs withPicture = processor.process(picture, "word ".repeat(250)); // fits but for the picture
        assertThat(withPicture.inputIds().getFirst().length).isLessThanOrEqualTo(512);
        input(() -> model.generate(withPicture, GREEDY), "picture and prompt have 520 positions", "512");
    }

    @Test
    void aTraceLongerThanThePositions() {
        input(
                () -> model.trace(processor.process(picture, "<OD>"), new int[513], (_, _) -> {}),
                "513",
                "512 positions");
    }

    @Test
    void anotherStartTokenThanTheModels() {
        refused(
                OptionException.class,
                () -> model.generate(processor.process(picture, "<OD>"), GREEDY.withDecoderStartTokenId(0)),
                "decoder_start_token_id is 0",
                "2");
    }

    @Test
    void severalPicturesOrNone() {
        Inputs.Row row = processor.process(picture, "<OD>").rows().getFirst();
        Inputs.Visual visual = row.images().getFirst();
        for (List<Inputs.Visual> images : List.of(List.<Inputs.Visual>of(), List.of(visual, visual))) {
            Inputs inputs = new Inputs(List.of(new Inputs.Row("", row.inputIds(), images, List.of())));
            input(() -> model.generate(inputs, GREEDY), "one picture", "" + images.size());
        }
    }

    @Test
    void placeholdersOfTransformersLayoutDiffer() throws URISyntaxException {
        Path natives = resource("/oracle/florence2/native/checkpoint");
        try (Model other = AutoModelForCausalLM.fromPretrained(natives)) {
            Inputs.Row row = AutoProcessor.fromPretrained(natives)
                    .process(picture, "<OD>")
                    .rows()
                    .getFirst();
            int[] less = IntStream.of(row.inputIds()).skip(1).toArray();
            Inputs inputs = new Inputs(List.of(new Inputs.Row("", less, row.images(), List.of())));
            input(() -> other.generate(inputs, GREEDY), "9 image placeholders", "10 vectors");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.encoder.embed_tokens", "model.decoder.embed_tokens", "lm_head"})
    void theTableUnderAnyOfItsNames(String name) throws IOException {
        copyWithTableAs("language_model." + name + ".weight");
        try (Model other =
                AutoModelForCausalLM.fromPretrained(directory.toString(), LoadOptions.DEFAULT.withDtype("float32"))) {
            Inputs inputs = processor.process(picture, "<OD>");
            int[] expected = model.generate(inputs, GREEDY).trimmed().getFirst();
            assertThat(other.generate(inputs, GREEDY).trimmed().getFirst()).isEqualTo(expected);
        }
    }

    @Test
    void aTableUnderNoNameIsMissing() throws IOException {
        copyWithTableAs("language_model.model.other.weight");
        input(
                () -> AutoModelForCausalLM.fromPretrained(directory),
                "model.language_model.shared.weight",
                "other.weight");
    }

    @Test
    void configurationsThatNoModelHas() throws IOException {
        copyWith("text_config", "normalize_before", true);
        input(() -> AutoModelForCausalLM.fromPretrained(directory), "normalize_before");
        copyWith("vision_config", "image_feature_source", List.of("last_frame"));
        input(() -> AutoModelForCausalLM.fromPretrained(directory), "last_frame");
        copyWith("vision_config", "depths", List.of(1L));
        input(() -> AutoModelForCausalLM.fromPretrained(directory), "a list as long as depths, 1");
        copyWith("text_config", "d_model", 32L);
        input(() -> AutoModelForCausalLM.fromPretrained(directory), "projection_dim is 64", "d_model, 32");
    }

    @Test
    void anotherFamilyForTheNamedClass() throws URISyntaxException {
        String qwen = resource("/oracle/qwen2_5_vl/base/checkpoint").toString();
        input(() -> Florence2ForConditionalGeneration.fromPretrained(qwen), "qwen2_5_vl", "florence2");
    }

    private static String answer(String task) {
        Inputs inputs = processor.process(picture, task);
        return processor.decode(model.generate(inputs, GREEDY).trimmed().getFirst(), false);
    }

    private void copyWith(String section, String key, Object value) throws IOException {
        copy("config.json");
        Map<String, @Nullable Object> config = new LinkedHashMap<>(Json.parseObject(checkpoint.resolve("config.json")));
        Map<String, @Nullable Object> part = new LinkedHashMap<>(Json.object(config.get(section), section));
        part.put(key, value);
        config.put(section, part);
        Files.writeString(directory.resolve("config.json"), Json.write(config));
    }

    /** The checkpoint with another name for its one table of tokens. */
    private void copyWithTableAs(String name) throws IOException {
        copy("model.safetensors");
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(checkpoint.resolve("model.safetensors")))
                .order(ByteOrder.LITTLE_ENDIAN);
        byte[] header = new byte[(int) file.getLong()];
        file.get(header);
        byte[] renamed = new String(header, StandardCharsets.UTF_8)
                .replace("\"language_model.model.shared.weight\"", "\"" + name + "\"")
                .getBytes(StandardCharsets.UTF_8);
        ByteBuffer out =
                ByteBuffer.allocate(8 + renamed.length + file.remaining()).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(renamed.length).put(renamed).put(file);
        Files.write(directory.resolve("model.safetensors"), out.array());
    }

    private void copy(String but) throws IOException {
        try (Stream<Path> files = Files.list(checkpoint)) {
            for (Path file : files.filter(f -> !f.endsWith(but)).toList()) {
                Path copy = directory.resolve(file.getFileName());
                if (!Files.exists(copy)) {
                    Files.copy(file, copy);
                }
            }
        }
    }

    private static Path resource(String name) throws URISyntaxException {
        return Path.of(Optional.ofNullable(Florence2Test.class.getResource(name))
                .orElseThrow()
                .toURI());
    }

    private static void input(ThrowingCallable call, String... parts) {
        refused(InputException.class, call, parts);
    }

    private static void refused(Class<? extends FoveaException> type, ThrowingCallable call, String... parts) {
        assertThatExceptionOfType(type)
                .isThrownBy(call)
                .satisfies(e -> assertThat(e.getMessage() + " " + e.hint()).contains(parts));
    }
}
