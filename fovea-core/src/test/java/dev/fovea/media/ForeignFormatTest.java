package dev.fovea.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.InputException;
import dev.fovea.error.NativeException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ForeignFormatTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "....ftypheic | HEIC | heif-convert",
                "....ftypmif1 | HEIC | sips",
                "P7#WIDTH | PAM | pamtopng",
                "<svg xmlns='x'/> | SVG | rsvg-convert",
                "%PDF-1.7 | PDF | pdftoppm"
            })
    void isNamedWithTheWayToAnotherFormat(String opening, String name, String remedy) {
        byte[] bytes = (opening.replace('#', '\n') + "................").getBytes(StandardCharsets.ISO_8859_1);
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> DecodedImage.decode(bytes, DecodedImage.MAX_PIXELS))
                .withMessageContaining(name)
                .satisfies(e -> assertThat(e.hint()).contains(remedy));
    }

    /** The module fovea-video reads it; its AvifTest has the pixels. */
    @Test
    void avifWithoutTheModuleIsRefusedWithWhatToDo() throws Exception {
        byte[] file;
        try (var in = ForeignFormatTest.class.getResourceAsStream("/video/1x1.avif")) {
            file = in.readAllBytes();
        }
        assertThatExceptionOfType(NativeException.class)
                .isThrownBy(() -> DecodedImage.decode(file, DecodedImage.MAX_PIXELS))
                .withMessageContainingAll("fovea-video", "not there", "avifdec");
    }
}
