package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.backend.cuda.CudaBackend;
import dev.fovea.backend.shapes.ShapeBackend;
import dev.fovea.error.InputException;
import dev.fovea.error.MemoryException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Warnings;
import dev.fovea.io.Json;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.Safetensors;
import dev.fovea.io.StoredType;
import dev.fovea.io.WeightFile;
import dev.fovea.io.Weights;
import dev.fovea.models.Family;
import dev.fovea.parity.ParityCase;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.HostMemory;
import dev.fovea.tensor.LosslessMatrix;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A model whose weights are in 12 bits answers with the very numbers of the model in bfloat16. */
class LosslessModelTest {
    private static final LoadOptions OPTIONS =
            LoadOptions.DEFAULT.withDevice("cpu").withWarnings(Warnings.none()).withQuantize("lossless,tower=lossless");

    @TempDir
    Path folder;

    private static Path variant(String name) throws URISyntaxException {
        return Path.of(Objects.requireNonNull(LosslessModelTest.class.getResource("/oracle"))
                        .toURI())
                .resolve(name);
    }

    /** Those of the kit's checkpoints whose rows are blocks of 64 in part; where they are not in bfloat16, made so. */
    @ParameterizedTest
    @CsvSource({
        "llava_onevision1_5/sharded-bf16, image, bfloat16, cpu, 8",
        "qwen2_5_vl/hub, image, float32, cpu, 31",
        "qwen2_5_vl/hub, text, float16, cpu, 31",
        "florence2/microsoft-large, greedy-od, bfloat16, cpu, 20",
        "opt/after, greedy, bfloat16, cpu, 10"
    })
    void answersTheSame(String variant, String name, String dtype, String device, int packed)
            throws IOException, URISyntaxException {
        answers(variant, name, dtype, device, packed);
    }

    @Tag("slow")
    @ParameterizedTest
    @CsvSource({
        "gemma3/hub, image-bf16, bfloat16, cpu, 12",
        "gemma3/hub, image, float32, cpu, 12",
        "qwen2_5_vl/hub, two-images-bf16, bfloat16, cpu, 31",
        "qwen2_5_vl/hub, text, bfloat16, 'cuda:ptx', 31",
        "qwen2_5_vl/hub, text, bfloat16, 'cuda:ptx,cpu', 31"
    })
    void moreAnswerTheSame(String variant, String name, String dtype, String device, int packed)
            throws IOException, URISyntaxException {
        answers(variant, name, dtype, device, packed);
    }

    private void answers(String variant, String name, String dtype, String device, int packed)
            throws IOException, URISyntaxException {
        Path model = inBfloat16(variant(variant).resolve("checkpoint"));
        Path to = folder.resolve("packed");
        List<Double> shares = new ArrayList<>();
        QuantizedModel.write(model.toString(), to, OPTIONS.withQuantizeListener(shares::add));
        assertThat(shares).isSorted().last().isEqualTo(1.0);
        assertThat(parts(to, "bases")).hasSizeGreaterThanOrEqualTo(packed);

        LoadOptions options = OPTIONS.withQuantize("none").withDtype(dtype).withDevice(device);
        List<Request> requests = ParityCase.named(variant(variant), name).requests(Map.of());
        try (Pipeline found = Pipeline.of("image-text-to-text", to.toString(), options);
                Pipeline expected = Pipeline.of("image-text-to-text", model.toString(), options)) {
            Divergence d = Divergence.of(found, expected, requests, 12);
            assertThat(d.largestKl()).isZero();
            assertThat(d.agreement()).isEqualTo(1);
            assertThat(d.equalAnswers()).isEqualTo(d.answers());
        }
    }

    /** A device holds what it would hold of the model itself, and as much as is said before. */
    @Test
    void aDeviceHoldsTheWeightsThemselves() throws URISyntaxException {
        Path model = variant("qwen2_5_vl/hub").resolve("checkpoint");
        Path to = folder.resolve("packed");
        QuantizedModel.write(model.toString(), to, OPTIONS);
        ModelDirectory directory = ModelDirectory.open(to);
        Family family = Families.of(directory);
        try (CudaBackend device = CudaBackend.interpreted();
                ShapeBackend shapes = new ShapeBackend();
                Weights held = Weights.open(directory, device, DType.BFLOAT16, family.renaming());
                Weights planned = Weights.open(directory, shapes, DType.BFLOAT16, family.renaming());
                Weights dense = Weights.open(ModelDirectory.open(model), device, DType.BFLOAT16, family.renaming())) {
            family.load(directory.config(), held).close();
            family.load(directory.config(), planned).close();
            family.load(directory.config(), dense).close();
            assertThat(held.sizes()).isEqualTo(dense.sizes()).isEqualTo(planned.cardSizes());
            dense.matrices().forEach((name, matrix) -> {
                Tensor expected = (Tensor) matrix;
                Tensor found = (Tensor) Objects.requireNonNull(held.matrices().get(name));
                assertThat(found.dtype()).isEqualTo(DType.BFLOAT16);
                assertThat(found.toFloats()).as(name).isEqualTo(expected.toFloats());
            });
        }
    }

    private static List<String> parts(Path directory, String ending) {
        try (Safetensors file = Safetensors.open(directory.resolve("model.safetensors"))) {
            return file.entries().keySet().stream()
                    .filter(name -> name.endsWith("." + ending))
                    .toList();
        }
    }

    /** The head stays where it is asked to, and so does what is in no whole blocks. */
    @Test
    void whatIsNotPackedIsAsItWas() throws URISyntaxException {
        Path model = variant("qwen2_5_vl/hub").resolve("checkpoint");
        Path to = folder.resolve("packed");
        QuantizedModel.write(model.toString(), to, OPTIONS.withQuantize("lossless,head=int8"));
        assertThat(parts(to, "bases"))
                .isNotEmpty()
                .noneMatch(name -> name.contains("visual") || name.contains("lm_head"));
        assertThat(parts(to, "scales")).singleElement().asString().contains("lm_head");
        Path mixed = folder.resolve("mixed");
        QuantizedModel.write(model.toString(), mixed, OPTIONS.withQuantize("int4,head=lossless"));
        assertThat(parts(mixed, "bases")).singleElement().asString().contains("lm_head");
    }

    /** Before a weight is read it is known what it takes, but for what is kept as it is. */
    @Test
    void whatIsPlannedIsWhatIsHeld() throws URISyntaxException {
        String model = variant("qwen2_5_vl/hub").resolve("checkpoint").toString();
        Path to = folder.resolve("packed");
        QuantizedModel.write(model, to, OPTIONS);
        ModelInfo planned = ModelInfo.of(model, OPTIONS);
        ModelInfo held = ModelInfo.of(to.toString(), OPTIONS.withQuantize("none"));
        ModelInfo dense = ModelInfo.of(model, OPTIONS.withQuantize("none"));
        assertThat(held.weightBytes()).isBetween(planned.weightBytes(), planned.weightBytes() * 21 / 20);
        assertThat(held.parametersByComponent()).isEqualTo(dense.parametersByComponent());
        assertThat(held.decodeBytesPerToken()).isLessThan(dense.decodeBytesPerToken());
        assertThat(held.convertedBytes()).isZero();
    }

    /** Nothing is made for a device that would widen it again. */
    @Test
    void aDeviceTakesWhatIsStored() throws URISyntaxException {
        String model = variant("qwen2_5_vl/hub").resolve("checkpoint").toString();
        List<String> warned = new ArrayList<>();
        try (Model held = AutoModelForImageTextToText.fromPretrained(
                model, OPTIONS.withDevice("cuda:ptx").withWarnings(Warnings.to(warned::add)))) {
            assertThat(held.matrices().values()).hasOnlyElementsOfType(Tensor.class);
        }
        assertThat(warned).singleElement().asString().contains("makes nothing smaller on cuda");
    }

    /** In float16 weights are widened and rounded: the way out is the dtype that they are in. */
    @Test
    void copiesNeedRoom() throws URISyntaxException {
        Path to = folder.resolve("packed");
        QuantizedModel.write(variant("qwen2_5_vl/hub").resolve("checkpoint").toString(), to, OPTIONS);
        LoadOptions options = OPTIONS.withQuantize("none");
        System.setProperty(HostMemory.LIMIT, "200000");
        try {
            assertThatThrownBy(() ->
                            AutoModelForImageTextToText.fromPretrained(to.toString(), options.withDtype("float16")))
                    .isInstanceOf(MemoryException.class)
                    .hasMessageContainingAll("not stored in float16; copies of them need", "--dtype with that")
                    .hasMessageNotContaining("--quantize"); // which it has already
            try (Model model =
                    AutoModelForImageTextToText.fromPretrained(to.toString(), options.withDtype("float32"))) {
                assertThat(model.matrices().values()).hasAtLeastOneElementOfType(LosslessMatrix.class);
            }
        } finally {
            System.clearProperty(HostMemory.LIMIT);
        }
    }

    @Test
    void whatHasNoBfloat16IsRefused() throws URISyntaxException {
        String floats = variant("opt/after").resolve("checkpoint").toString();
        assertThatThrownBy(() -> QuantizedModel.write(floats, folder, OPTIONS))
                .isInstanceOf(OptionException.class)
                .hasMessageContainingAll("packs weights in bfloat16", "(they are float32)", "int8 takes");
        String model = variant("qwen2_5_vl/hub").resolve("checkpoint").toString();
        assertThatThrownBy(() -> AutoModelForImageTextToText.fromPretrained(model, OPTIONS.withDtype("float16")))
                .isInstanceOf(OptionException.class)
                .hasMessageContainingAll("in float16 does not compute", "bfloat16 or float32");
        String halves = variant("blip2/opt-half").resolve("checkpoint").toString();
        List<String> said = new ArrayList<>();
        LoadOptions heard = OPTIONS.withWarnings(Warnings.to(said::add));
        assertThatThrownBy(() -> AutoModelForImageTextToText.fromPretrained(halves, heard))
                .isInstanceOf(OptionException.class)
                .hasMessageContainingAll("are float16, of which it would make none smaller", "leave --quantize");
        assertThatThrownBy(() -> AutoModelForImageTextToText.fromPretrained(halves, heard.withDtype("float32")))
                .isInstanceOf(OptionException.class)
                .hasMessageContaining("(they are float16)");
        assertThat(said).noneMatch(w -> w.contains("once, and kept in"));
        assertThatThrownBy(() -> OPTIONS.withQuantize("losless"))
                .hasMessageContainingAll("expected lossless, int8, int4 or none", "lossless?");
    }

    /** A part that is missing, of another shape or of another type is named; what the parts hold harms nobody. */
    @Test
    void damagedParts() throws IOException, URISyntaxException {
        Path to = folder.resolve("packed");
        QuantizedModel.write(variant("qwen2_5_vl/hub").resolve("checkpoint").toString(), to, OPTIONS);
        Path file = to.resolve("model.safetensors");
        String raw = parts(to, "raw").getFirst();
        String codes = raw.replace(".raw", ".codes");
        String bases = raw.replace(".raw", ".bases");
        byte[] whole = Files.readAllBytes(file);
        rewrite(file, raw, raw + "x", null);
        assertRefused(to, raw + " is missing");
        Files.write(file, whole);
        rewrite(file, codes, codes + "x", null);
        assertRefused(to, codes + " is missing");
        Files.write(file, whole);
        rewrite(file, raw, raw, Shape.of(32));
        assertRefused(to, raw + " is BF16[32], expected BF16[32, 64]");
        Files.write(file, whole);
        rewrite(file, bases, bases, Shape.of(1, 2, 3));
        assertRefused(to, bases + " is U8[1, 2, 3], expected U8[");

        Files.write(file, whole);
        try (Safetensors held = Safetensors.open(file)) {
            long start = whole.length
                    - held.entries().values().stream()
                            .mapToLong(WeightFile.Entry::end)
                            .max()
                            .orElseThrow();
            for (int value : new int[] {0, 0x7f, 0x80, 0xff}) {
                byte[] damaged = whole.clone();
                held.entries().forEach((name, entry) -> {
                    if (name.endsWith(".bases") || name.endsWith(".codes")) {
                        for (long i = entry.begin(); i < entry.end(); i++) {
                            damaged[(int) (start + i)] = (byte) value;
                        }
                    }
                });
                Path copy = folder.resolve("damaged");
                copyWithoutWeights(to, copy);
                Files.write(copy.resolve("model.safetensors"), damaged);
                Request request = ParityCase.named(variant("qwen2_5_vl/hub"), "text-bf16")
                        .requests(Map.of())
                        .getFirst();
                try (Pipeline pipe = Pipeline.of("image-text-to-text", copy.toString(), OPTIONS.withQuantize("none"))) {
                    Divergence.of(pipe, pipe, List.of(request), 2); // whatever it says
                }
            }
        }
    }

    /** What was made of a directory's weights is named, and not the directory. */
    @Test
    void damagedPartsOfACache() throws IOException, URISyntaxException {
        Path model = variant("qwen2_5_vl/hub").resolve("checkpoint");
        Path to = folder.resolve("packed");
        QuantizedModel.write(model.toString(), to, OPTIONS);
        Path file = to.resolve("model.safetensors");
        String raw = parts(to, "raw").getFirst();
        rewrite(file, raw, raw + "x", null);
        ModelDirectory directory = ModelDirectory.open(model);
        Family family = Families.of(directory);
        try (ShapeBackend backend = new ShapeBackend();
                Weights weights = Weights.open(
                        directory,
                        backend,
                        DType.BFLOAT16,
                        family.renaming(),
                        Optional.of(Safetensors.open(file)),
                        _ -> {})) {
            assertThatThrownBy(() -> family.load(directory.config(), weights))
                    .isInstanceOf(InputException.class)
                    .hasMessageContainingAll(file + " is damaged: " + raw + " is missing", "delete it");
        }
    }

    private static void assertRefused(Path model, String reason) {
        assertThatThrownBy(() ->
                        AutoModelForImageTextToText.fromPretrained(model.toString(), OPTIONS.withQuantize("none")))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(reason);
    }

    /** Gives a tensor another name, and zeros of another shape where one is given. */
    private static void rewrite(Path file, String name, String to, Shape shape) throws IOException {
        Path other = file.resolveSibling("other.safetensors");
        try (Safetensors held = Safetensors.open(file)) {
            Map<String, Safetensors.Part> parts = new LinkedHashMap<>();
            held.entries().forEach((n, entry) -> {
                boolean changed = n.equals(name) && shape != null;
                byte[] bytes = changed
                        ? new byte[(int) shape.size() * entry.type().bits() / 8]
                        : held.segment(n).toArray(ValueLayout.JAVA_BYTE);
                parts.put(n.equals(name) ? to : n, new Bytes(entry.type(), changed ? shape : entry.shape(), bytes));
            });
            Safetensors.write(other, parts, held.metadata());
        }
        Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
    }

    @SuppressWarnings("ArrayRecordComponent")
    private record Bytes(StoredType type, Shape shape, byte[] bytes) implements Safetensors.Part {
        @Override
        public void writeTo(OutputStream out) throws IOException {
            out.write(bytes);
        }
    }

    /** The model itself, or a copy of one in a single file with each tensor rounded. */
    private Path inBfloat16(Path model) throws IOException {
        if (!Files.exists(model.resolve("model.safetensors"))) {
            return model;
        }
        Path copy = folder.resolve("bfloat16");
        copyWithoutWeights(model, copy);
        Map<String, Object> config = new LinkedHashMap<>(Json.parseObject(model.resolve("config.json")));
        config.remove("dtype");
        config.put("torch_dtype", "bfloat16");
        Files.writeString(copy.resolve("config.json"), Json.write(config));
        Map<String, Safetensors.Part> parts = new LinkedHashMap<>();
        try (Safetensors file = Safetensors.open(model.resolve("model.safetensors"))) {
            file.entries()
                    .forEach((name, entry) -> parts.put(
                            name,
                            new Bytes(StoredType.BF16, entry.shape(), rounded(entry.type(), file.segment(name)))));
            Safetensors.write(copy.resolve("model.safetensors"), parts, file.metadata());
        }
        return copy;
    }

    private static byte[] rounded(StoredType type, MemorySegment bytes) {
        int count = (int) (bytes.byteSize() * 8 / type.bits());
        short[] bits = new short[count];
        for (int i = 0; i < count; i++) {
            bits[i] = DType.floatToBfloat16(
                    type == StoredType.F16
                            ? Float.float16ToFloat(bytes.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i))
                            : bytes.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i));
        }
        return MemorySegment.ofArray(bits).toArray(ValueLayout.JAVA_BYTE);
    }

    private static void copyWithoutWeights(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file :
                    files.filter(f -> !f.toString().endsWith(".safetensors")).toList()) {
                Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }
}
