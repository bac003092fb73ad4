package dev.fovea.media;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SoftwareMarkTest {
    private final Picture picture = new Picture(2, 1, new byte[] {1, 2, 3, 4, 5, 6});

    @TempDir
    Path folder;

    @Test
    void aMarkedFileIsAPngWithItsPixels() {
        assertThat(DecodedImage.decode(picture.png(), DecodedImage.MAX_PIXELS)
                        .rgb()
                        .rgb())
                .isEqualTo(picture.rgb());
    }

    @Test
    void onlyAFileAsItWasWrittenIsOwn() throws IOException {
        Path file = Files.write(folder.resolve("a.png"), picture.png());
        assertThat(Picture.isOwnPng(file)).isTrue();
        byte[] changed = picture.png();
        changed[changed.length - 20] ^= 1;
        Files.write(file, changed);
        assertThat(Picture.isOwnPng(file)).as("with its mark, but other pixels").isFalse();
        var plain = new ByteArrayOutputStream();
        ImageIO.write(ImageIO.read(new ByteArrayInputStream(picture.png())), "png", plain);
        Files.write(file, plain.toByteArray());
        assertThat(Picture.isOwnPng(file)).as("saved by another program").isFalse();
        Files.writeString(file, "text");
        assertThat(Picture.isOwnPng(file)).isFalse();
        assertThat(Picture.isOwnPng(folder)).isFalse();
        assertThat(Picture.isOwnPng(folder.resolve("none"))).isFalse();
    }
}
