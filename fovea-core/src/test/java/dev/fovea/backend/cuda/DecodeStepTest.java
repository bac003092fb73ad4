package dev.fovea.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.cuda.device.KernelArchive;
import dev.fovea.backend.cuda.ptx.PtxDevice;
import dev.fovea.generate.Decoding;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.Weights;
import dev.fovea.models.Family;
import dev.fovea.models.Inputs;
import dev.fovea.models.Pixels;
import dev.fovea.models.VisionLanguageModel;
import dev.fovea.models.blip2.Blip2;
import dev.fovea.models.florence2.Florence2;
import dev.fovea.models.gemma3.Gemma3;
import dev.fovea.models.llava_onevision1_5.LlavaOnevision1_5;
import dev.fovea.models.opt.Opt;
import dev.fovea.models.qwen2_5_vl.Qwen2_5_VL;
import dev.fovea.tensor.DType;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a token costs: the kernels of a decode step, call by call and as its graphs have them, and that steps become graphs. */
class DecodeStepTest {
    private static final int SETTLED = 4; // of the steps after the first

    private static final int[] PROMPT = {2, 26, 831, 30, 7, 61};

    /** Where a graph ends between calls that a rule would have taken, they stay apart. Layers of the decoder: Gemma 3 seven, Qwen2.5-VL four, LLaVA-OneVision-1.5 three, the others two. */
    static Stream<Arguments> families() {
        return Stream.of(
                Arguments.of(
                        new Gemma3(),
                        "gemma3/base",
                        text(PROMPT),
                        "14 add, 1 argmax, 7 chunk_2, 50 few_small, 7 gated_gelu_tanh, 1 gather, 43 rms_norm_plus_one_warp, 14 rope, 1 scale, 14 scatter",
                        "1 add, 13 add_rms_norm_plus_one_warp, 1 argmax, 7 chunk_2, 23 few_small, 7 few_tall_gated, 1 gather, 7 heads_rms_norm_plus_one, 3 rms_norm_plus_one_warp, 1 scale"),
                Arguments.of(
                        new Qwen2_5_VL(),
                        "qwen2_5_vl/base",
                        text(PROMPT),
                        "8 add, 1 argmax, 4 chunk_2, 29 few_small, 4 gated_silu, 1 gather, 9 rms_norm_warp, 8 rope, 8 scatter",
                        "8 add_rms_norm_warp, 1 argmax, 4 chunk_2, 14 few_small, 4 few_tall_gated, 1 gather, 4 heads_rms_norm, 1 rms_norm_warp"),
                Arguments.of(
                        new LlavaOnevision1_5(),
                        "llava_onevision1_5/small",
                        text(PROMPT),
                        "6 add, 1 argmax, 3 chunk_2, 22 few_small, 3 gated_silu, 1 gather, 13 rms_norm_warp, 6 rope, 6 scatter",
                        "6 add_rms_norm_warp, 1 argmax, 3 chunk_2, 11 few_small, 2 few_tall_gated, 1 gated_silu, 1 gather, 3 heads_rms_norm, 1 rms_norm_warp"),
                Arguments.of(
                        new Opt(),
                        "opt/after",
                        text(PROMPT),
                        "5 add, 1 argmax, 2 chunk_1, 15 few_small, 2 gather, 4 layer_norm_warp, 2 relu, 2 scale, 4 scatter",
                        "1 add, 4 add_layer_norm_warp, 1 argmax, 2 chunk_1, 11 few_small, 2 gather, 2 heads_rms_norm"),
                Arguments.of(
                        new Blip2(),
                        "blip2/opt-saved",
                        picture(1265, 4, 48, 2),
                        "5 add, 1 argmax, 2 chunk_1, 13 few_small, 2 gather, 5 layer_norm_warp, 2 relu, 2 scale, 4 scatter",
                        "5 add_layer_norm_warp, 1 argmax, 2 chunk_1, 9 few_small, 2 gather, 2 heads_rms_norm"),
                Arguments.of(
                        new Florence2(),
                        "florence2/native",
                        picture(2289, 10, 96, 0, 1065, 2),
                        "7 add, 1 argmax, 4 chunk_1, 17 few_small, 2 gather, 2 gelu, 7 layer_norm_warp, 4 scatter",
                        "7 add_layer_norm_warp, 1 argmax, 4 chunk_1, 13 few_small, 2 gather, 2 heads_rms_norm"));
    }

    private static Inputs.Row text(int... ids) {
        return new Inputs.Row("", ids, List.of(), List.of());
    }

    /** A black picture before a text. */
    private static Inputs.Row picture(int placeholder, int tokens, int side, int... text) {
        int[] ids = IntStream.concat(IntStream.generate(() -> placeholder).limit(tokens), IntStream.of(text))
                .toArray();
        Pixels pixels = new Pixels(new float[3 * side * side], 1, 3, side, side);
        Inputs.Visual visual = new Inputs.Visual(pixels, Optional.empty(), tokens, 0, side, side, List.of());
        return new Inputs.Row("", ids, List.of(visual), List.of());
    }

    @ParameterizedTest
    @MethodSource("families")
    void aStepSettles(Family family, String variant, Inputs.Row row, String kernels, String fused)
            throws URISyntaxException {
        ModelDirectory directory = ModelDirectory.open(Path.of(
                getClass().getResource("/oracle/" + variant + "/checkpoint").toURI()));
        CountingDevice device = new CountingDevice(new PtxDevice(KernelArchive.bundled()::ptx, 1L << 30));
        try (CudaBackend backend = new CudaBackend(device);
                Weights weights = Weights.open(directory, backend, DType.FLOAT32, family.renaming());
                VisionLanguageModel model = family.load(directory.config(), weights)) {
            try (Decoding decoding = model.start(new Inputs(List.of(row)))) {
                decoding.prefill();
                device.kernels.clear();
                int[] tokens = decoding.next(new int[] {0}, new int[] {7});
                assertThat(list(device.kernels)).isEqualTo(kernels);
                for (int step = 0; step < 10; step++) {
                    device.kernels.clear();
                    tokens = decoding.next(new int[] {0}, tokens);
                    if (step == SETTLED) {
                        assertThat(list(device.kernels)).isEqualTo(fused);
                    }
                }
                assertThat(device.captures)
                        .as("graphs, of the parts of one step")
                        .isIn(1, 3);
                assertThat(device.replays).as("replays").isGreaterThanOrEqualTo(9 * device.captures);
            }
        }
    }

    private static String list(Map<String, Integer> kernels) {
        StringBuilder list = new StringBuilder();
        kernels.forEach((name, count) -> list.append(list.isEmpty() ? "" : ", ")
                .append(count)
                .append(' ')
                .append(name));
        return list.toString();
    }
}
