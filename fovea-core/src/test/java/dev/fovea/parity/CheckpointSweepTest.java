package dev.fovea.parity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.AutoModelForImageTextToText;
import dev.fovea.LoadOptions;
import dev.fovea.Model;
import dev.fovea.Pipeline;
import dev.fovea.QuantizedModel;
import dev.fovea.error.FoveaException;
import dev.fovea.error.Warnings;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.models.Inputs;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Checkpoints with something changed in a header, an index or a pickle: each opens and answers, or is refused by one sentence. The long
 * run is {@code ./test -Dslow -pl fovea-core -Dtest=CheckpointSweepTest}.
 */
class CheckpointSweepTest {
    private static final long SEED = Long.getLong("fovea.test.seed", 12);
    private static final int SHORT = 40;
    private static final int LONG = 2000;

    @TempDir
    Path temp;

    @TempDir
    Path made;

    /** A file of a checkpoint of the kit, and what is changed in it. */
    enum Target {
        HEADER("qwen2_5_vl/base", "model.safetensors") {
            @Override
            byte[] mutated(Random random, byte[] file) {
                return Mutations.header(random, file);
            }
        },
        SHARD("qwen2_5_vl/hub", "model-00002-of-00002.safetensors") {
            @Override
            byte[] mutated(Random random, byte[] file) {
                return random.nextBoolean() ? Mutations.header(random, file) : Mutations.bytes(random, file, 6000);
            }
        },
        /** Weights in 12 bits, all in one file. */
        LOSSLESS("qwen2_5_vl/hub", "model.safetensors") {
            @Override
            byte[] mutated(Random random, byte[] file) {
                return random.nextInt(3) == 0
                        ? Mutations.header(random, file)
                        : Mutations.bytes(random, file, file.length);
            }

            @Override
            Path checkpoint(Path variant, Path temp) {
                Path packed = temp.resolve("packed");
                LoadOptions options = LoadOptions.DEFAULT.withQuantize("lossless,tower=lossless");
                QuantizedModel.write(variant.resolve("checkpoint").toString(), packed, options);
                return packed;
            }
        },
        INDEX("qwen2_5_vl/hub", "model.safetensors.index.json") {
            @Override
            byte[] mutated(Random random, byte[] file) {
                return Mutations.json(random, file);
            }
        },
        PICKLE("florence2/microsoft-bin", "pytorch_model.bin") {
            @Override
            byte[] mutated(Random random, byte[] file) {
                return Mutations.bytes(random, file, 20_000);
            }
        };

        private final String variant;
        private final String file;

        Target(String variant, String file) {
            this.variant = variant;
            this.file = file;
        }

        abstract byte[] mutated(Random random, byte[] file);

        /** @param temp a folder for a checkpoint that is made first */
        Path checkpoint(Path variant, Path temp) {
            return variant.resolve("checkpoint");
        }
    }

    @ParameterizedTest
    @EnumSource
    void answersOrRefuses(Target target) throws IOException, URISyntaxException {
        sweep(target, SHORT);
    }

    @Tag("slow")
    @ParameterizedTest
    @EnumSource
    void answersOrRefusesManyMore(Target target) throws IOException, URISyntaxException {
        sweep(target, LONG);
    }

    private void sweep(Target target, int rounds) throws IOException, URISyntaxException {
        Path variant = Path.of(CheckpointSweepTest.class
                .getResource("/oracle/" + target.variant)
                .toURI());
        Path checkpoint = target.checkpoint(variant, made);
        byte[] sound = Files.readAllBytes(checkpoint.resolve(target.file));
        Inputs inputs = inputs(variant);
        copy(checkpoint, target.file);
        List<String> wrong = new ArrayList<>();
        int answered = 0;
        for (int round = 0; round < rounds; round++) {
            Random random = new Random(SEED * 1_000_003 + round);
            Files.write(temp.resolve(target.file), target.mutated(random, sound));
            try {
                answered += answers(inputs) ? 1 : 0;
            } catch (FoveaException e) {
                if (e.getMessage().lines().count() != 1 || e.getMessage().contains("Exception")) {
                    wrong.add("round " + round + " of seed " + SEED + ": " + e.getMessage());
                }
            } catch (RuntimeException | Error e) {
                wrong.add("round " + round + " of seed " + SEED + ": " + e);
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(answered).as("some changes do no harm").isBetween(1, rounds - 1);
    }

    /** Of the first case, without a mutation. */
    private static Inputs inputs(Path variant) {
        try (Pipeline pipe = Pipeline.imageTextToText(variant.resolve("checkpoint"))) {
            return pipe.inputs(
                    ParityCase.all(variant).getFirst().requests(Map.of()).getFirst());
        }
    }

    private void copy(Path checkpoint, String without) throws IOException {
        try (Stream<Path> files = Files.list(checkpoint)) {
            for (Path file : files.toList()) {
                if (!file.endsWith(without)) {
                    Files.copy(file, temp.resolve(file.getFileName()));
                }
            }
        }
    }

    private boolean answers(Inputs inputs) {
        LoadOptions options = LoadOptions.DEFAULT.withDtype("float32").withWarnings(Warnings.to(_ -> {}));
        try (Model model = AutoModelForImageTextToText.fromPretrained(temp.toString(), options)) {
            model.generate(inputs, GenerationConfig.maxNewTokens(2).withDoSample(false));
            return true;
        }
    }
}
