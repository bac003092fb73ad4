package dev.fovea.text.bpe;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Values of tokenizers 0.23.3, {@code normalizers.NFC().normalize_str(text)}. */
class CompositionTest {
    @ParameterizedTest
    @CsvSource({
        "e\u0301, \u00e9",
        "a\u0345\u0334, a\u0334\u0345",
        "e\u0327\u0301, \u0229\u0301",
        "\u0915\u093c, \u0915\u093c",
        "\u1112\u1161\u11ab, \ud55c",
        "a\u0345\u0897\u0334, a\u0345\u0897\u0334",
        "e\u1ac1\u0301, e\u1ac1\u0301",
        "\ud801\uddd2\u0307, \ud801\uddd2\u0307",
        "\ud806\udd35\ud806\udd30, \ud806\udd35\ud806\udd30",
        "a\ud803\udd27\ud803\udf4b, a\ud803\udd27\ud803\udf4b"
    })
    void composesByTheTablesOfUnicode9(String text, String composed) {
        assertThat(Composition.of(text)).isEqualTo(composed);
    }
}
