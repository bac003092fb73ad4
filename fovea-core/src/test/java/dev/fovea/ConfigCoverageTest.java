package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.shapes.ShapeBackend;
import dev.fovea.error.Warnings;
import dev.fovea.io.Config;
import dev.fovea.io.Weights;
import dev.fovea.tensor.DType;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every key of every configuration file is read by some code, or listed as ignored with a reason. */
class ConfigCoverageTest {
    @TestFactory
    Stream<DynamicTest> kit() throws IOException, URISyntaxException {
        return directories("/oracle", "checkpoint/config.json")
                .map(Path::getParent)
                .map(d -> DynamicTest.dynamicTest(d.toString(), () -> {
                    List<String> warnings = new ArrayList<>();
                    Warnings listener = Warnings.to(warnings::add);
                    LoadOptions options =
                            LoadOptions.DEFAULT.withDevice("reference").withWarnings(listener);
                    try (Model model = Model.open(d.toString(), options)) {
                        assertThat(model.generationConfig()).isNotNull();
                    }
                    assertThat(AutoProcessor.fromPretrained(d.toString(), listener))
                            .isNotNull();
                    assertThat(warnings).isEmpty();
                }));
    }

    /** The other files of published directories, in place of those of a tiny checkpoint of the family. */
    @ParameterizedTest
    @CsvSource({
        "blip2-opt-2.7b, blip2/opt-calm",
        "florence-2-base, florence2/microsoft-calm",
        "llava-onevision-1.5-8b-instruct, llava_onevision1_5/small",
        "qwen2.5-vl-7b-instruct, qwen2_5_vl/base"
    })
    void publishedProcessors(String published, String checkpoint, @TempDir Path work)
            throws IOException, URISyntaxException {
        copy(resource("/oracle/" + checkpoint + "/checkpoint"), work);
        for (String name : List.of("preprocessor_config.json", "generation_config.json")) {
            Path file = resource("/configs/" + published).resolve(name);
            if (Files.exists(file)) {
                Files.copy(file, work.resolve(name), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        List<String> warnings = new ArrayList<>();
        Warnings listener = Warnings.to(warnings::add);
        Model.open(work.toString(), LoadOptions.DEFAULT.withWarnings(listener)).close();
        assertThat(AutoProcessor.fromPretrained(work.toString(), listener)).isNotNull();
        assertThat(warnings).isEmpty();
    }

    private static Path resource(String name) throws URISyntaxException {
        return Path.of(Objects.requireNonNull(ConfigCoverageTest.class.getResource(name), name)
                .toURI());
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.list(from)) {
            for (Path file : all.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    /** What is neither read nor listed is said, file by file. */
    @Test
    void keysThatNobodyKnows(@TempDir Path work) throws IOException, URISyntaxException {
        copy(resource("/oracle/florence2/native/checkpoint"), work);
        List<String> files = List.of("config.json", "generation_config.json", "processor_config.json");
        for (String name : files) {
            String json = Files.readString(work.resolve(name));
            String key = Matcher.quoteReplacement("{\"colour_of_\\u001b[31m\": 1,");
            Files.writeString(work.resolve(name), json.replaceFirst("\\{", key));
        }
        List<String> warnings = new ArrayList<>();
        Warnings listener = Warnings.to(warnings::add);
        Model.open(work.toString(), LoadOptions.DEFAULT.withWarnings(listener)).close();
        AutoProcessor.fromPretrained(work.toString(), listener);
        assertThat(warnings)
                .containsExactlyElementsOf(files.stream()
                        .map(f -> work.resolve(f)
                                + " has keys that Fovea does not know, which have no effect: colour_of_\\u001b[31m")
                        .toList());
    }

    @TestFactory
    Stream<DynamicTest> published() throws IOException, URISyntaxException {
        return directories("/configs", "config.json")
                .map(file -> DynamicTest.dynamicTest(file.toString(), () -> {
                    Config config = Config.of(file);
                    Families.of(config.string("model_type"), file)
                            .load(config, Weights.shapesOnly(new ShapeBackend(), DType.BFLOAT16));
                    assertThat(config.unread()).isEmpty();
                }));
    }

    private static Stream<Path> directories(String resource, String name) throws IOException, URISyntaxException {
        try (Stream<Path> all = Files.walk(
                Path.of(ConfigCoverageTest.class.getResource(resource).toURI()), 4)) {
            return all.filter(p -> p.endsWith(name)).sorted().toList().stream();
        }
    }
}
