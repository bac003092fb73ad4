package dev.fovea.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.AutoProcessor;
import dev.fovea.LoadOptions;
import dev.fovea.ModelInfo;
import dev.fovea.Processor;
import dev.fovea.error.InputException;
import dev.fovea.tensor.Garbage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The native memory of tokenizers, by the number of those that have some. */
class NativeTokenizerTest {
    private static final Path KIT = Resources.path("oracle/gemma3/base/checkpoint");

    /** Of tests before this one, which may have forgotten theirs. */
    @BeforeEach
    void collectThoseOfOthers() throws InterruptedException {
        for (int now = NativeTokenizer.open(); ; now = NativeTokenizer.open()) {
            System.gc();
            Thread.sleep(20);
            if (NativeTokenizer.open() == now) {
                return;
            }
        }
    }

    @Test
    void closingFreesIt() {
        int before = NativeTokenizer.open();
        List<Tokenizer> open = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            open.add(Tokenizer.open(KIT));
        }
        assertThat(NativeTokenizer.open()).isEqualTo(before + 5);
        open.forEach(Tokenizer::close);
        open.forEach(Tokenizer::close);
        assertThat(NativeTokenizer.open()).isEqualTo(before);
    }

    @Test
    void soDoesClosingAProcessorThatWasMadeOfAnother() {
        int before = NativeTokenizer.open();
        Processor processor = AutoProcessor.fromPretrained(KIT);
        assertThat(NativeTokenizer.open()).isEqualTo(before + 1);
        processor.with(Map.of("do_pan_and_scan", true)).close();
        assertThat(NativeTokenizer.open()).isEqualTo(before);
    }

    @Test
    void whatIsForgottenIsFreed() throws InterruptedException {
        int before = NativeTokenizer.open();
        for (int i = 0; i < 5; i++) {
            assertThat(Tokenizer.open(KIT).encode("a", false)).isNotEmpty();
        }
        Garbage.collect(() -> NativeTokenizer.open() <= before);
    }

    /** It outlives the processor that it is of. */
    @Test
    void aTokenizerIsNotForgottenWithItsProcessor() throws InterruptedException {
        int before = NativeTokenizer.open();
        Tokenizer kept = AutoProcessor.fromPretrained(KIT).tokenizer();
        AutoProcessor.fromPretrained(KIT);
        Garbage.collect(() -> NativeTokenizer.open() <= before + 1);
        assertThat(kept.encode("a", false)).isNotEmpty();
        kept.close();
    }

    /** The library reads the file beside the parser; where that refuses it, the library's copy goes too. */
    @Test
    void whatCannotBeOpenedLeavesNothing(@TempDir Path directory) throws Exception {
        int before = NativeTokenizer.open();
        String json = Files.readString(KIT.resolve("tokenizer.json"));
        Files.writeString(directory.resolve("tokenizer.json"), json.replace("\"special\"", "\"spezial\""));
        assertThatThrownBy(() -> Tokenizer.open(directory)).isInstanceOf(InputException.class);
        Garbage.collect(() -> NativeTokenizer.open() <= before);
    }

    /** An encoder reads a picture and a prompt, which takes a tokenizer for a moment. */
    @Test
    void whatAModelCostsLeavesNothing() {
        int before = NativeTokenizer.open();
        ModelInfo info = ModelInfo.of(
                Resources.path("oracle/florence2/native/checkpoint").toString(), LoadOptions.DEFAULT);
        assertThat(info.activationBytes(10)).isPositive();
        assertThat(NativeTokenizer.open()).isEqualTo(before);
    }
}
