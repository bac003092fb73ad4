package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.backend.cuda.CudaBackend;
import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Warnings;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.io.Json;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.Quantization;
import dev.fovea.io.Safetensors;
import dev.fovea.io.Weights;
import dev.fovea.media.ImageSource;
import dev.fovea.models.Family;
import dev.fovea.parity.ParityCase;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.Shape;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Every family in codes of 8 and 4 bits, all its parts: it answers as a model in float32 whose weights are what the codes stand
 * for, but for few rows of x, which the CPU rounds beside codes of 4 bits: to 8 bits, of which models of random weights make
 * much.
 */
class QuantizedFamiliesTest {
    private static final LoadOptions OPTIONS =
            LoadOptions.DEFAULT.withDtype("float32").withWarnings(Warnings.none());

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "gemma3/base, image, cpu",
        "blip2/opt-saved, question-1, cpu",
        "florence2/native, greedy-od, cpu",
        "llava_onevision1_5/small, penalty_and_ngram_image, cpu",
        "qwen2_5_vl/base, image, cpu",
        "opt/after, greedy, cpu",
        "opt/after, greedy, cuda:ptx"
    })
    void answersAsItsValues(String variant, String name, String device) throws IOException, URISyntaxException {
        Path oracle = Path.of(Objects.requireNonNull(QuantizedFamiliesTest.class.getResource("/oracle"))
                        .toURI())
                .resolve(variant);
        List<Request> requests = ParityCase.named(oracle, name).requests(Map.of());
        for (String bits : List.of("int8,tower=int8", "int4,head=int4,tower=int4")) {
            Path codes = folder.resolve(bits.substring(0, 4));
            Path values = folder.resolve(bits.substring(0, 4) + "-values");
            List<Double> shares = new ArrayList<>();
            QuantizedModel.write(
                    oracle.resolve("checkpoint").toString(),
                    codes,
                    OPTIONS.withQuantize(bits).withQuantizeListener(shares::add));
            assertThat(shares).isSorted().last().isEqualTo(1.0);
            assertThat(widen(codes, values)).as("quantised weights").isGreaterThan(10);
            try (Pipeline model = Pipeline.of("image-text-to-text", codes.toString(), OPTIONS.withDevice(device));
                    Pipeline expected = Pipeline.of("image-text-to-text", values.toString(), OPTIONS)) {
                Divergence found = Divergence.of(model, expected, requests, 24);
                boolean same = bits.startsWith("int8") || !device.equals("cpu");
                // Where rows of x are rounded: a single token of a random model can be most of a mean over eight.
                assertThat(found.meanKl()).as(bits).isLessThan(same ? 1e-5 : 0.1);
                assertThat(found.agreement()).as(bits).isGreaterThanOrEqualTo(same ? 1 : 0.5);
            }
        }
    }

    /** One that begins while another writes is refused, and so is one that comes later. */
    @Test
    void twoRunsShareNoFolder() throws URISyntaxException {
        String model = Path.of(Objects.requireNonNull(getClass().getResource("/oracle/opt/after/checkpoint"))
                        .toURI())
                .toString();
        List<String> meanwhile = new ArrayList<>();
        QuantizedModel.write(model, folder, OPTIONS.withQuantize("int4").withQuantizeListener(_ -> {
            if (meanwhile.isEmpty()) {
                meanwhile.add(refused(model));
            }
        }));
        assertThat(meanwhile).singleElement(InstanceOfAssertFactories.STRING).contains("another run is writing");
        assertThat(refused(model)).contains("is not empty");
        assertThat(folder).isDirectoryNotContaining("glob:**/.*");
    }

    private String refused(String model) {
        try {
            QuantizedModel.write(model, folder, OPTIONS.withQuantize("int8"));
            return "written";
        } catch (OptionException e) {
            return e.getMessage();
        }
    }

    /** What is asked for before a model is loaded is what it then holds, on a device too. */
    @Test
    void aDeviceHoldsWhatWasSaid() throws URISyntaxException {
        String model = Path.of(Objects.requireNonNull(getClass().getResource("/oracle/opt/after/checkpoint"))
                        .toURI())
                .toString();
        QuantizedModel.write(model, folder, OPTIONS.withQuantize("int4"));
        ModelDirectory directory = ModelDirectory.open(folder);
        Family family = Families.of(directory);
        try (CudaBackend backend = CudaBackend.interpreted();
                Weights weights = Weights.open(directory, backend, DType.FLOAT32, family.renaming())) {
            family.load(directory.config(), weights).close();
            assertThat(weights.bytes())
                    .isEqualTo(ModelInfo.of(model, OPTIONS.withQuantize("int4")).weightBytes())
                    .isLessThan(ModelInfo.of(model, OPTIONS).weightBytes());
        }
    }

    /** Of what becomes no codes of 4 bits, nothing is kept. */
    @Test
    void calibrationKnowsWhatMeetsCodesOfFourBits() throws URISyntaxException {
        Path model = Path.of(Objects.requireNonNull(getClass().getResource("/oracle/qwen2_5_vl/base/checkpoint"))
                .toURI());
        Request request = Request.of("Hello")
                .withGenerate(GenerationConfig.maxNewTokens(2).withStopStrings("never"));
        Calibration found = Calibration.of(model, OPTIONS, Quantization.parse("int4"), List.of(request));
        assertThat(found.meanSquares().keySet())
                .anyMatch(name -> name.endsWith("q_proj.weight"))
                .noneMatch(name -> name.endsWith("v_proj.weight") || name.contains("lm_head"));
        List<Request> wrong = List.of(request, Request.of(ImageSource.of(folder.resolve("no.png"))));
        assertThatThrownBy(() -> Calibration.of(model, OPTIONS, Quantization.parse("int4"), wrong))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("no.png");
        assertThatThrownBy(() -> QuantizedModel.write(
                        model.toString(), folder, OPTIONS.withQuantize("int4"), Arrays.asList(request, null)))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("a request of calibration");
    }

    /** Writes the same model with weights in float32; returns how many were in codes. */
    private static int widen(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(f -> !f.endsWith("model.safetensors")).toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
        Map<String, Object> config = new LinkedHashMap<>(Json.parseObject(from.resolve("config.json")));
        config.remove("quantization_config");
        Files.writeString(to.resolve("config.json"), Json.write(config));
        ModelDirectory directory = ModelDirectory.open(from);
        Family family = Families.of(directory);
        Map<String, Safetensors.Part> parts = new LinkedHashMap<>();
        try (ReferenceBackend backend = new ReferenceBackend();
                Weights weights = Weights.open(directory, backend, DType.FLOAT32, family.renaming())) {
            family.load(directory.config(), weights).close();
            weights.stored(Set.of()).forEach((name, part) -> {
                if (!name.matches(".*\\.(codes|scales|zeros|factors)")) {
                    parts.put(name, part);
                }
            });
            int dense = parts.size();
            weights.matrices().forEach((name, matrix) -> {
                if (matrix instanceof QuantizedMatrix w) {
                    parts.put(name, values(w));
                }
            });
            Safetensors.write(to.resolve("model.safetensors"), parts, Map.of());
            return parts.size() - dense;
        }
    }

    private static Safetensors.Floats values(QuantizedMatrix w) {
        float[] values = new float[w.rows() * w.columns()];
        float[] row = new float[w.columns()];
        for (int n = 0; n < w.rows(); n++) {
            w.row(n, row);
            System.arraycopy(row, 0, values, n * row.length, row.length);
        }
        return new Safetensors.Floats(Shape.of(w.rows(), w.columns()), values);
    }
}
