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
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

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

    /** What is neither read nor listed is said, file by file. */
    @Test
    void keysThatNobodyKnows(@TempDir Path work) throws IOException, URISyntaxException {
        Path checkpoint = directories("/oracle", "florence2/native/checkpoint/config.json")
                .findFirst()
                .orElseThrow()
                .getParent();
        List<String> files = List.of("config.json", "generation_config.json", "processor_config.json");
        try (Stream<Path> all = Files.list(checkpoint)) {
            for (Path file : all.toList()) {
                String name = file.getFileName().toString();
                if (files.contains(name)) {
                    Files.writeString(
                            work.resolve(name),
                            Files.readString(file)
                                    .replaceFirst("\\{", Matcher.quoteReplacement("{\"colour_of_\\u001b[31m\": 1,")));
                } else {
                    Files.copy(file, work.resolve(name));
                }
            }
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
