package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.error.Warnings;
import dev.fovea.io.Quantization;
import dev.fovea.io.Safetensors;
import dev.fovea.io.WeightFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuantizedWeightsTest {
    private static final String START = "model-int4-head-int8-tower-none-";

    @TempDir
    Path folder;

    private final Map<String, String> marks = Quantization.parse("int4").marks("0123456789abcdef01");

    private Path file(String name, String mark, String value) {
        Map<String, String> changed = new HashMap<>(marks);
        changed.put(mark, value);
        Path file = folder.resolve(name);
        Safetensors.write(file, Map.of(), changed);
        return file;
    }

    @Test
    void deletesWhatOtherVersionsMadeOfTheSame() throws IOException {
        Path made = file(START + "3.safetensors", "format", "fovea-quantized");
        file(START + "2.safetensors", "version", "2");
        file(START + "1.safetensors", "version", "1");
        Path source = file(START + "4.safetensors", "source", "fedcba98765432100");
        Path form = file(START + "5.safetensors", "quantization", "int8,head=int8,tower=none");
        Path name = file("other-int4-head-int8-tower-none-2.safetensors", "version", "2");
        Path foreign = Files.writeString(folder.resolve(START + "6.safetensors"), "no weights");
        List<String> warned = new ArrayList<>();
        QuantizedWeights.deleteOutdated(made, marks, Warnings.to(warned::add));
        assertThat(warned).isEmpty();
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactlyInAnyOrder(made, source, form, name, foreign);
        }
    }

    /** What was made is opened as it is; what another form or version made, or what was cut, is made anew. */
    @Test
    void opensWhatWasMadeOfTheSame() throws IOException {
        Path made = file("made.safetensors", "format", "fovea-quantized");
        try (WeightFile held = QuantizedWeights.held(made, marks).orElseThrow()) {
            assertThat(held.path()).isEqualTo(made);
        }
        assertThat(QuantizedWeights.held(file("other.safetensors", "version", "1"), marks))
                .isEmpty();
        assertThat(QuantizedWeights.held(folder.resolve("none.safetensors"), marks))
                .isEmpty();
        byte[] whole = Files.readAllBytes(made);
        Files.write(made, Arrays.copyOf(whole, whole.length / 2));
        assertThat(QuantizedWeights.held(made, marks)).isEmpty();
    }

    @Test
    void saysWhatIsMade() {
        assertThat(Stream.of("int4", "lossless,head=int8", "none,head=lossless")
                        .map(text -> QuantizedWeights.making(Quantization.parse(text))))
                .containsExactly("made int4", "packed into 12 bits", "made none,head=lossless,tower=none");
    }
}
