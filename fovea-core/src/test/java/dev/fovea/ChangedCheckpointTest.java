package dev.fovea;

import static dev.fovea.Message.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.InputException;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.Listener;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Another process writes to the files that a model has mapped. */
class ChangedCheckpointTest {
    private static final List<Message> QUESTION = List.of(user("How many people can you see?"));
    private static final GenerationConfig GREEDY =
            GenerationConfig.maxNewTokens(8).withMinNewTokens(8).withDoSample(false);

    @TempDir
    private Path directory;

    private Path weights;

    @BeforeEach
    void copy() throws IOException, URISyntaxException {
        Path kit = Path.of(ChangedCheckpointTest.class
                .getResource("/oracle/gemma3/base/checkpoint")
                .toURI());
        try (Stream<Path> files = Files.list(kit)) {
            for (Path file : files.toList()) {
                Files.copy(file, directory.resolve(file.getFileName().toString()));
            }
        }
        weights = directory.resolve("model.safetensors");
    }

    private void cut(long bytes) {
        try (FileChannel channel = FileChannel.open(weights, StandardOpenOption.WRITE)) {
            channel.truncate(bytes);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void whatWasCutIsRefusedBeforeItIsRead() throws IOException {
        long size = Files.size(weights);
        try (Pipeline pipe = Pipeline.imageTextToText(directory)) {
            pipe.generate(QUESTION, GREEDY);
            cut(4096);
            assertThatThrownBy(() -> pipe.generate(QUESTION, GREEDY))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining(
                            "model.safetensors changed while it was in use: it had " + size + " bytes and has 4096");
        }
    }

    @Test
    void whatWasWrittenOverIsRefused() throws IOException {
        try (Pipeline pipe = Pipeline.imageTextToText(directory)) {
            Files.setLastModifiedTime(weights, FileTime.fromMillis(0));
            assertThatThrownBy(() -> pipe.generate(QUESTION, GREEDY))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("model.safetensors changed while it was in use: it was written to at 1970");
        }
    }

    /** The page is gone under the very operation. */
    @ParameterizedTest
    @ValueSource(strings = {"cpu", "cpu:java"})
    void whatIsCutDuringAnAnswerIsASentence(String device) {
        try (Pipeline pipe = Pipeline.of(
                "image-text-to-text",
                directory.toString(),
                LoadOptions.DEFAULT.withDevice(device).withThreads(3))) {
            GenerateOptions cutting = GenerateOptions.DEFAULT.withListener(new Listener() {
                @Override
                public void token(int index, int id) {
                    cut(4096);
                }
            });
            assertThatThrownBy(() -> pipe.answer(Request.of(QUESTION, GREEDY), cutting))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("model.safetensors changed while it was in use");
        }
    }

    /** The mapping is of the old file, which lives on without a name. */
    @Test
    void whatWasReplacedOrDeletedIsReadOn() throws IOException {
        try (Pipeline pipe = Pipeline.imageTextToText(directory)) {
            String right = pipe.generate(QUESTION, GREEDY).text();
            Path other = Files.write(directory.resolve("other"), new byte[10]);
            Files.move(other, weights, StandardCopyOption.REPLACE_EXISTING);
            assertThat(pipe.generate(QUESTION, GREEDY).text()).isEqualTo(right);
            Files.delete(weights);
            assertThat(pipe.generate(QUESTION, GREEDY).text()).isEqualTo(right);
        }
    }
}
