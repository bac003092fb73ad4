package dev.fovea.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.InputException;
import dev.fovea.media.Picture;
import dev.fovea.media.VideoFile;
import dev.fovea.media.VideoSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Animated WebP, which FFmpeg does not read, frame for frame as Pillow's {@code convert("RGB")}. */
class WebpClipTest {
    private static final Path MADE = Path.of("src/test/resources/clips/made");

    @ParameterizedTest
    @CsvSource({
        "moving.webp, 7.5, 7ba574e7eb387018622904ca4b8fa152322e0c0ad640fcbe7caf78f30c5969af",
        "moving_alpha.webp, 10, 39f57df31391208e668fb5acb6d63ea9e4eaaff9f7bfd7b30d4437c8ad54747b"
    })
    void framesAndRate(String name, double fps, String sha256) throws Exception {
        VideoFile file = VideoSource.of(MADE.resolve(name)).open();
        assertThat(file.count()).isEqualTo(6);
        assertThat(file.fps()).isEqualTo(fps);
        assertThat(ProbeTest.sha256(file, IntStream.range(0, 6).toArray())).isEqualTo(sha256);
        assertThat(file.map(new int[] {4, 1}, Picture::rgb))
                .containsExactly(
                        file.map(new int[] {4}, Picture::rgb).getFirst(),
                        file.map(new int[] {1}, Picture::rgb).getFirst());
    }

    @Test
    void whatIsNoAnimation() throws IOException {
        byte[] whole = Files.readAllBytes(MADE.resolve("moving.webp"));
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() ->
                        VideoSource.of(Arrays.copyOf(whole, whole.length / 2)).open())
                .withMessageContaining("truncated");
        Path still = Path.of("../fovea-core/src/test/resources/assets/images/hopper.webp");
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> VideoSource.of(still).open())
                .withMessageContainingAll("hopper.webp", "no animation", "give it as a picture");
    }
}
