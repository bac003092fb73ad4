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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is more than the machine's memory is refused: answers' keys and values before the first token, copies of weights before one is made. */
class RoomTest {
    private static final long EXABYTE = 1L << 60;
    private static final long POSITIONS = 1L << 45;

    private static Pipeline open(String checkpoint) throws URISyntaxException {
        return open(checkpoint, "auto");
    }

    private static Pipeline open(String checkpoint, String dtype) throws URISyntaxException {
        Path oracle = Path.of(
                Objects.requireNonNull(RoomTest.class.getResource("/oracle")).toURI());
        return Pipeline.of(
                "image-text-to-text",
                oracle.resolve(checkpoint).resolve("checkpoint").toString(),
                LoadOptions.DEFAULT.withDtype(dtype).withWarnings(Warnings.none()));
    }

    @AfterEach
    void forgetTheLimit() {
        System.clearProperty(HostMemory.LIMIT);
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

    /** Stored in 32 bits: copies for 16 are refused before one is made, the file itself is mapped whatever is free. */
    @Test
    void weightsThatWouldBeCopied() throws URISyntaxException {
        System.setProperty(HostMemory.LIMIT, "200000");
        assertThatThrownBy(() -> open("qwen2_5_vl/base", "bfloat16"))
                .isInstanceOf(MemoryException.class)
                .hasMessageContaining(
                        "qwen2_5_vl/base/checkpoint: the weights are not stored in bfloat16; copies of them need 0.")
                .hasMessageContaining("--dtype with that in which they are stored needs no copies");
        try (Pipeline mapped = open("qwen2_5_vl/base", "float32")) {
            assertThat(mapped.model().dtype()).isEqualTo(DType.FLOAT32);
        }
    }

    /** What a step needs is refused where there is too little, and what waited for reuse is given up before. */
    @Test
    void aComputationThatIsTooLarge() throws URISyntaxException {
        try (Pipeline pipe = open("qwen2_5_vl/base", "float32")) {
            Request request = Request.of("Hi").withGenerate(GenerationConfig.maxNewTokens(3));
            String answer = pipe.answer(request).text();
            System.setProperty(HostMemory.LIMIT, "0");
            String prompt = "word ".repeat(2000);
            assertThatThrownBy(() -> pipe.answer(Request.of(prompt).withGenerate(GenerationConfig.maxNewTokens(3))))
                    .isInstanceOf(MemoryException.class);
            System.clearProperty(HostMemory.LIMIT);
            assertThat(pipe.answer(request).text()).isEqualTo(answer);
        }
    }
}
