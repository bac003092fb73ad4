package dev.fovea.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.management.ThreadMXBean;
import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import dev.fovea.io.Json;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.ImageSource;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** AVIF files with what Pillow sees in them: {@code src/test/python/avif.py}. */
class AvifTest {
    private static final Path FILES = Path.of("src/test/resources/avif");
    private static final Map<String, Object> EXPECTED = Json.parseObject(FILES.resolve("expected.json"));

    static Stream<String> files() {
        return EXPECTED.keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("files")
    void asPillow(String name) throws Exception {
        Map<String, Object> expected = Json.object(EXPECTED.get(name), name);
        DecodedImage image = ImageSource.of(FILES.resolve(name)).decode();
        assertThat(image.mode()).isEqualTo(expected.get("mode"));
        assertThat(List.of((long) image.width(), (long) image.height())).isEqualTo(expected.get("size"));
        assertThat((long) image.orientation()).isEqualTo(expected.get("orientation"));
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        assertThat(HexFormat.of().formatHex(digest.digest(image.rgb().rgb()))).isEqualTo(expected.get("rgb_sha256"));
        if (image.mode().equals("RGBA")) {
            assertThat(image.hasTransparency()).isTrue();
        }
    }

    @Test
    void tooLargeAndTruncated() throws IOException {
        byte[] bytes = Files.readAllBytes(FILES.resolve("alpha.avif"));
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> DecodedImage.decode(bytes, 100))
                .withMessageContainingAll("64 x 48", "limit of 100");
        for (int length : new int[] {20, 100, 300, bytes.length / 2, bytes.length - 10}) {
            assertThatExceptionOfType(InputException.class)
                    .as("%s bytes", length)
                    .isThrownBy(() -> DecodedImage.decode(Arrays.copyOf(bytes, length), 10_000));
        }
    }

    /** Whatever a length says: a small file must not fill the heap. */
    @Test
    void noLengthTakesMoreMemoryThanAPicture() throws IOException {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        byte[] whole = Files.readAllBytes(FILES.resolve("alpha.avif"));
        for (int at = 4; at < Math.min(320, whole.length - 4); at++) {
            byte[] changed = whole.clone();
            ByteBuffer.wrap(changed).putInt(at, 0x7fffff00);
            long before = threads.getCurrentThreadAllocatedBytes();
            try {
                DecodedImage.decode(changed, 10_000);
            } catch (FoveaException e) {
                // as it may be
            }
            assertThat(threads.getCurrentThreadAllocatedBytes() - before)
                    .as("allocated for a length at byte %d", at)
                    .isLessThan(64 << 20);
        }
    }

    @Test
    void damagedBytes() throws IOException {
        Random random = new Random(14);
        for (String name : List.of("alpha.avif", "420_full.avif", "ten.avif")) {
            byte[] whole = Files.readAllBytes(FILES.resolve(name));
            for (int round = 0; round < 40; round++) {
                byte[] bytes = whole.clone();
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
                try {
                    assertThat(DecodedImage.decode(bytes, 1 << 20).rgb()).isNotNull();
                } catch (FoveaException e) {
                    assertThat(e.problem()).isNotBlank();
                }
            }
        }
    }
}
