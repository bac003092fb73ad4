package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.error.MemoryException;
import dev.fovea.error.Warnings;
import dev.fovea.generate.Decoding;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.models.Inputs;
import dev.fovea.models.VisionLanguageModel;
import dev.fovea.nn.KvCache;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.HostMemory;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Answers whose keys and values are more than the machine's memory are refused before the first token. */
class RoomTest {
    private static final long EXABYTE = 1L << 60;
    private static final long POSITIONS = 1L << 45;

    private static Pipeline open(String checkpoint) throws URISyntaxException {
        Path oracle = Path.of(
                Objects.requireNonNull(RoomTest.class.getResource("/oracle")).toURI());
        return Pipeline.of(
                "image-text-to-text",
                oracle.resolve(checkpoint).resolve("checkpoint").toString(),
                LoadOptions.DEFAULT.withWarnings(Warnings.none()));
    }

    @BeforeEach
    void onlyWhereTheSystemTellsItsMemory() {
        assumeTrue(HostMemory.available().isPresent());
        assertThat(HostMemory.available().getAsLong()).isBetween(1L, EXABYTE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "qwen2_5_vl/base",
                "gemma3/base",
                "blip2/opt-calm",
                "florence2/native",
                "florence2/microsoft-calm",
                "llava_onevision1_5/small",
                "opt/before"
            })
    void ofEveryFamily(String checkpoint) throws URISyntaxException {
        try (Pipeline pipe = open(checkpoint)) {
            Inputs inputs = new Inputs(List.of(new Inputs.Row("", new int[] {5, 6, 7}, List.of(), List.of())));
            VisionLanguageModel model = pipe.model().visionLanguageModel();
            int rows = 1 << 30;
            assertThatThrownBy(() -> model.start(inputs, Set.of(), rows, POSITIONS))
                    .isInstanceOf(MemoryException.class)
                    .hasMessageContaining("keys and values of " + rows + " answers at once may need")
                    .hasMessageContaining("GB of memory are free")
                    .hasMessageContaining("lower num_return_sequences, num_beams");
        }
    }

    /** It may end after a few tokens. */
    @Test
    void aSingleAnswerIsLetIn() throws URISyntaxException {
        try (Pipeline pipe = open("qwen2_5_vl/base")) {
            Inputs inputs = pipe.processor().process("Hi", List.of());
            try (Decoding one = pipe.model().visionLanguageModel().start(inputs, Set.of(), 1, POSITIONS)) {
                assertThat(one.rows()).isOne();
            }
        }
    }

    @Test
    void sampledAnswersAndBeams() throws URISyntaxException {
        try (Pipeline pipe = open("qwen2_5_vl/base")) {
            Inputs inputs = pipe.processor()
                    .process(Collections.nCopies(64, "Hi"), Collections.nCopies(64, List.of()), Map.of());
            GenerationConfig many = GenerationConfig.maxNewTokens(4000).withNumReturnSequences(4096);
            for (GenerationConfig config : List.of(many.withDoSample(true), many.withNumBeams(4096))) {
                assertThatThrownBy(() -> pipe.model().generate(inputs, config))
                        .isInstanceOf(MemoryException.class)
                        .hasMessageContaining("keys and values of 262144 answers at once may need 1");
            }
        }
    }

    @Test
    void aWindowBoundsEachAnswerOfItsOwn() throws URISyntaxException {
        try (Pipeline pipe = open("gemma3/base");
                var cache = pipe.model().visionLanguageModel().newCache()) {
            assertThat(cache.bytes(400_000, 4)).isGreaterThan(cache.bytes(400_000));
            assertThat(cache.bytes(400_000, 4)).isEqualTo(4 * cache.bytes(100_000));
        }
    }

    /** One answer begins, and is refused where it cannot grow. */
    @Test
    void aCacheThatCannotGrow() {
        try (Backend backend = new ReferenceBackend();
                KvCache cache = KvCache.full(backend, DType.FLOAT32, 64, 64, 1024)) {
            int sequence = cache.addSequence();
            assertThatThrownBy(() -> cache.append(new int[] {sequence}, new int[] {1 << 20}))
                    .isInstanceOf(MemoryException.class)
                    .hasMessageContaining("keys and values of " + ((1 << 20) + 64) + " positions need 35");
            assertThat(cache.length(sequence)).isZero();
            assertThat(cache.bytes()).isZero();
        }
    }
}
