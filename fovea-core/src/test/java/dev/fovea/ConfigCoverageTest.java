package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.shapes.ShapeBackend;
import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.Weights;
import dev.fovea.models.Family;
import dev.fovea.tensor.DType;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every key of every configuration file is read by some code, or listed as ignored with a reason. */
class ConfigCoverageTest {
    @TestFactory
    Stream<DynamicTest> kit() throws IOException, URISyntaxException {
        return directories("/oracle", "checkpoint/config.json")
                .map(Path::getParent)
                .map(d -> DynamicTest.dynamicTest(d.toString(), () -> {
                    ModelDirectory directory = ModelDirectory.open(d);
                    Family family = Families.of(directory);
                    try (Model model = Model.open(d.toString(), LoadOptions.DEFAULT.withDevice("reference"))) {
                        assertThat(model.generationConfig()).isNotNull();
                    }
                    family.load(directory.config(), Weights.shapesOnly(new ShapeBackend(), DType.FLOAT32));
                    family.processor(directory);
                    assertThat(directory.config().unread())
                            .as("keys of config.json that nobody reads")
                            .isEmpty();
                    if (directory
                            .preprocessorConfig()
                            .or(directory::processorConfig)
                            .isPresent()) { // a text-only directory has neither
                        assertThat(directory.imageProcessor().unread())
                                .as("keys of the image processor that nobody reads")
                                .isEmpty();
                    }
                    if (family.processor(directory).takesVideos()) {
                        assertThat(directory.videoProcessor().unread())
                                .as("keys of the video processor that nobody reads")
                                .isEmpty();
                    }
                }));
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
