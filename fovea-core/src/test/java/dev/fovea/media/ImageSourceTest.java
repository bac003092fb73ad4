package dev.fovea.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.InputException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageSourceTest {

    private static final byte[] BYTES = TestPictures.bytes("palette_color.png");
    private static final DecodedImage IMAGE = TestPictures.decode("palette_color.png");

    @Test
    void pathsAndFileAddresses(@TempDir Path folder) throws Exception {
        Path file = Files.write(folder.resolve("a picture 100%.jpg"), BYTES); // a PNG, whatever its name says
        assertThat(ImageSource.of(file).decode()).isEqualTo(IMAGE);
        assertThat(ImageSource.parse(file.toString()).decode()).isEqualTo(IMAGE);
        assertThat(ImageSource.of(file.toUri()).decode()).isEqualTo(IMAGE);
        assertThat(ImageSource.parse("file://" + file).decode()).isEqualTo(IMAGE);
        assertThat(ImageSource.parse("file:" + file).decode()).isEqualTo(IMAGE);
        assertThat(ImageSource.parse("a picture 100%.jpg", folder).decode()).isEqualTo(IMAGE);
    }

    @Test
    void base64InAllItsForms() {
        String base64 = Base64.getEncoder().encodeToString(BYTES);
        assertThat(ImageSource.parse("data:image/png;base64," + base64).decode())
                .isEqualTo(IMAGE);
        assertThat(ImageSource.parse("data:image;base64," + base64).decode()).isEqualTo(IMAGE);
        assertThat(ImageSource.of(URI.create("data:image/png;base64," + base64)).decode())
                .isEqualTo(IMAGE);
        assertThat(ImageSource.parse(base64).decode()).isEqualTo(IMAGE);
        assertThat(ImageSource.parse(Base64.getMimeEncoder().encodeToString(BYTES))
                        .decode())
                .isEqualTo(IMAGE);
    }

    @Test
    void emptyNamesAreNoDirectory() {
        for (String name : new String[] {"", "file:", "file://"}) {
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> ImageSource.parse(name))
                    .withMessageContaining("is empty");
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> VideoSource.parse(name, Path.of("")))
                    .withMessageContaining("is empty");
        }
    }

    @Test
    void base64ThatBreaksOff() {
        String cut = Base64.getEncoder().encodeToString(BYTES).substring(0, 401);
        for (String source : new String[] {cut, "data:image/png;base64," + cut}) {
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> ImageSource.parse(source))
                    .withMessageContaining("breaks off behind 401 characters");
        }
    }

    /** Two files in a row, of which the decoder would say the same as of one that is cut. */
    @Test
    void base64ThatGoesOn() {
        String one = Base64.getEncoder().encodeToString(Arrays.copyOf(BYTES, 100));
        assertThat(one).endsWith("==");
        for (String source : new String[] {one + one, "data:image/png;base64," + one + one}) {
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> ImageSource.parse(source))
                    .withMessageContaining("goes on behind its end, the = behind 134 characters");
        }
    }

    @Test
    void bytesAndImages() {
        assertThat(ImageSource.of(BYTES).decode()).isEqualTo(IMAGE);
        Picture picture = IMAGE.rgb();
        assertThat(ImageSource.of(picture.toBufferedImage()).decode().rgb().rgb())
                .isEqualTo(picture.rgb());
    }

    @Test
    void whatIsInMemoryOutlivesItsFile(@TempDir Path folder) throws Exception {
        Path file = Files.write(folder.resolve("brief.png"), BYTES);
        ImageSource held = ImageSource.of(file).inMemory();
        Files.delete(file);
        assertThat(held.decode()).isEqualTo(IMAGE);
        Files.writeString(file, "not a picture");
        refused(ImageSource.of(file).inMemory(), "brief.png", "Not a picture");
        assertThat(ImageSource.of(BYTES).inMemory().decode()).isEqualTo(IMAGE);
    }

    @Test
    void errorsNameTheSource(@TempDir Path folder) throws Exception {
        Path text = Files.writeString(folder.resolve("notes.png"), "not a picture");
        refused(ImageSource.of(folder.resolve("missing.png")), "missing.png", "no such file");
        refused(ImageSource.of(folder), folder.toString(), "directory");
        refused(ImageSource.of(text), "notes.png", "Not a picture");
        refused(ImageSource.of(Files.createFile(folder.resolve("empty.png"))), "empty.png", "no bytes");
    }

    private static void refused(ImageSource source, String... parts) {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(source::decode)
                .withMessageContainingAll(parts);
    }

    @Test
    void addressesThatMakeNoSenseAreRefused() {
        for (String source : new String[] {"http://exa mple/a.png", "data:image/png,abc", "data:nothing", "a\0b"}) {
            assertThatExceptionOfType(InputException.class).isThrownBy(() -> ImageSource.parse(source));
        }
    }

    @Test
    void longMessagesAreCut() {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> ImageSource.parse("data:image/png," + "a".repeat(5000)))
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(200));
    }
}
