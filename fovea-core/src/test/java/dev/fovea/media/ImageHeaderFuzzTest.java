package dev.fovea.media;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.fovea.error.InputException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever the bytes, decoding ends in a picture or in an {@link InputException}. */
class ImageHeaderFuzzTest {

    /** Small, so that a header cannot make the fuzzer spend its time on filling memory. */
    private static final long MAX_PIXELS = 1 << 16;

    static Stream<byte[]> seeds() {
        return Stream.of(
                        "palette_color.png",
                        "apng_mode_16bit.png",
                        "truncated.jpg",
                        "orientation_rectangle.jpg",
                        "hopper.webp",
                        "transparent.webp",
                        "made/webp_animc.webp",
                        "dispose_bgnd.gif",
                        "multipage.tiff",
                        "made/bmpm_4_108.bmp",
                        "made/bmpo_8.bmp",
                        "made/pngx_4_3_1_33.png",
                        "made/jpg_cmyk.jpg",
                        "made/plain.ppm",
                        "made/deep.pgm",
                        "made/rle.tga",
                        "made/bmp.ico",
                        "made/raw_profile.png")
                .map(TestPictures::bytes);
    }

    @Timeout(300) // of one that hangs; the first waits for the agent to start
    @MethodSource("seeds")
    @FuzzTest
    void decodingEndsInAPictureOrAnInputException(byte[] bytes) {
        try {
            DecodedImage image = DecodedImage.decode(bytes, MAX_PIXELS);
            image.transposed().rgbOverWhite();
        } catch (InputException e) {
            // as it should be
        }
    }
}
