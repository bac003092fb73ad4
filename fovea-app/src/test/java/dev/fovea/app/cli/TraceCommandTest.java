package dev.fovea.app.cli;

import static dev.fovea.app.cli.Shell.KIT;
import static dev.fovea.app.cli.Shell.MODEL;
import static dev.fovea.app.cli.Shell.PICTURE;
import static dev.fovea.app.cli.Shell.fovea;
import static dev.fovea.app.cli.Shell.kitCase;
import static dev.fovea.app.cli.Shell.only;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.io.Safetensors;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TraceCommandTest {
    @TempDir
    Path folder;

    @Test
    void writesTheStagesOfTheReference() {
        Path file = folder.resolve("stages.safetensors");
        Shell.Result result = fovea(
                "trace",
                MODEL,
                "What is shown in this picture?",
                "--image",
                PICTURE,
                "--max-new-tokens",
                "40",
                "--no-do-sample",
                "--dtype",
                "float32",
                "--output",
                file.toString());
        assertThat(result.succeeds().out())
                .startsWith((String) only(kitCase("image"), "output_text"))
                .contains("inputs_embeds [1, 56, 64]");
        try (Safetensors ours = Safetensors.open(file);
                Safetensors reference = Safetensors.open(KIT.resolve("stages/image.safetensors"))) {
            assertThat(reference.entries()).isNotEmpty();
            reference.entries().forEach((name, entry) -> {
                assertThat(ours.entries()).containsKey(name);
                assertThat(ours.entries().get(name).shape()).as(name).isEqualTo(entry.shape());
                assertClose(name, floats(ours, name), floats(reference, name));
            });
        }
    }

    @Test
    void predictsAGivenAnswer() throws IOException {
        Path request = Files.writeString(folder.resolve("r.json"), """
                {"text": "Hello", "answer_ids": [5, 6, 7], "generate": {"max_new_tokens": 2}}""");
        Path file = folder.resolve("stages.safetensors");
        assertThat(fovea(
                                "trace",
                                MODEL,
                                "--request",
                                request.toString(),
                                "--output",
                                file.toString(),
                                "--format",
                                "json")
                        .succeeds()
                        .json())
                .containsKeys("sequences", "usage");
        try (Safetensors stages = Safetensors.open(file)) {
            assertThat(stages.entries().get("logits.answer").shape().toArray()).containsExactly(3, 1498);
            assertThat(stages.entries().get("logits.last").shape().toArray()).containsExactly(1, 1498);
            float[] first = floats(stages, "logits.answer");
            assertThat(java.util.Arrays.copyOf(first, 1498)).isEqualTo(floats(stages, "logits.last"));
        }
    }

    @Test
    void refusesAFileThatCannotBeWritten() {
        fovea(
                        "trace",
                        MODEL,
                        "hi",
                        "--max-new-tokens",
                        "1",
                        "--output",
                        folder.resolve("no/such/file").toString())
                .failsWith(3, "cannot write");
    }

    private static float[] floats(Safetensors file, String name) {
        return file.segment(name).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }

    private static void assertClose(String name, float[] actual, float[] expected) {
        double difference = 0;
        double scale = 0;
        for (int i = 0; i < expected.length; i++) {
            difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
            scale = Math.max(scale, Math.abs(expected[i]));
        }
        assertThat(difference / scale).as(name).isCloseTo(0, Offset.offset(1e-4));
    }
}
