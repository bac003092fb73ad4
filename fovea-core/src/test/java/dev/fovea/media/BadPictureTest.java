package dev.fovea.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.fovea.error.InputException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BadPictureTest {

    private static AbstractThrowableAssert<?, ?> assertRefused(byte[] bytes) {
        return assertThatThrownBy(() -> DecodedImage.decode(bytes, DecodedImage.MAX_PIXELS))
                .isInstanceOf(InputException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hopper.jpg",
                "elephant-660-480.jpg",
                "hopper_gray.jpg",
                "pil_sample_cmyk.jpg",
                "hopper.png",
                "hopper.gif",
                "hopper.bmp",
                "hopper.tif",
                "hopper_lzw.tif",
                "hopper.webp",
                "transparent.webp",
                "made/a.ppm",
                "made/deep.pgm",
                "made/a.tga",
                "made/rle.tga",
                "made/a.ico",
                "made/lossless.jp2"
            })
    void truncatedFilesAreRefused(String name) {
        byte[] whole = TestPictures.bytes(name);
        for (int length : new int[] {4, 20, whole.length / 4, whole.length / 2, whole.length - 300}) {
            assertRefused(Arrays.copyOf(whole, Math.max(0, length)));
        }
    }

    /** Whatever a field says: a small file must not fill the heap. */
    @ParameterizedTest
    @ValueSource(
            strings = {"made/a.ico", "made/bmp.ico", "made/lossless.jp2", "made/a.tga", "hopper.bmp", "hopper.tif"})
    void noFieldTakesMoreMemoryThanAPicture(String name) {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        byte[] whole = TestPictures.bytes(name);
        for (int at = 4; at < Math.min(400, whole.length - 4); at++) {
            for (int value : new int[] {0x7fffff00, 0x00ffff7f, 0x80000001, 0x01000080}) {
                byte[] changed = whole.clone();
                ByteBuffer.wrap(changed).putInt(at, value);
                long before = threads.getCurrentThreadAllocatedBytes();
                try {
                    DecodedImage.decode(changed, 1 << 18);
                } catch (InputException e) {
                    // as it may be
                }
                assertThat(threads.getCurrentThreadAllocatedBytes() - before)
                        .as("allocated for %08x at byte %d", value, at)
                        .isLessThan(64 << 20);
            }
        }
    }

    @Test
    void aJpegWithoutItsEndMarkerIsTruncated() {
        byte[] whole = TestPictures.bytes("hopper.jpg");
        assertRefused(Arrays.copyOf(whole, whole.length - 2)).hasMessageContaining("truncated", "6410 bytes");
    }

    @Test
    void aPngSaysInWhichRowItEnds() {
        byte[] whole = TestPictures.bytes("hopper.png");
        assertRefused(Arrays.copyOf(whole, whole.length / 2)).hasMessageContaining("in row", "of 128");
    }

    @Test
    void hugeClaimsAreRefusedBeforeDecoding() {
        assertRefused(pngHeader(100_000, 100_000)).hasMessageContaining("100000 x 100000", "178956970");
        assertRefused(bmpHeader(100_000, 100_000)).hasMessageContaining("100000 x 100000", "178956970");
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> DecodedImage.decode(TestPictures.bytes("hopper.webp"), 1000))
                .withMessageContainingAll("128 x 128", "1000");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hopper.jpg",
                "hopper.gif",
                "hopper.tif",
                "made/a.ppm",
                "made/plain.pgm",
                "made/a.tga",
                "made/a.ico",
                "made/bmp.ico",
                "made/lossless.jp2"
            })
    void theLimitOfPixelsHoldsForEveryFormat(String name) {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> DecodedImage.decode(TestPictures.bytes(name), 11))
                .withMessageContaining("more than the limit of 11");
    }

    @Test
    void emptySizesAreRefused() {
        assertRefused(pngHeader(0, 5)).hasMessageContaining("0 x 5");
        assertRefused(pngHeader(5, -5)).hasMessageContaining("5 x -5");
        assertRefused(bmpHeader(5, 0)).hasMessageContaining("5 x 0");
    }

    @Test
    void whatIsNoPictureIsShownByItsFirstBytes() {
        assertRefused("<!DOCTYPE html><title>".getBytes(StandardCharsets.UTF_8))
                .hasMessageContaining("3c 21 44", "<!DOCTYPE html>", "22 bytes");
        assertRefused(new byte[0]).hasMessageContaining("no bytes");
    }

    @Test
    void aDamagedChecksumIsRefused() {
        byte[] png = TestPictures.bytes("palette_color.png");
        png[17]++; // the width
        assertRefused(png).hasMessageContaining("IHDR", "checksum");
    }

    @Test
    void brokenExifIsIgnored() {
        byte[] jpeg = TestPictures.bytes("hopper_orientation_6.jpg");
        assertThat(DecodedImage.decode(jpeg, DecodedImage.MAX_PIXELS).orientation())
                .isEqualTo(6);
        int tiff = new String(jpeg, StandardCharsets.ISO_8859_1).indexOf("Exif\0\0") + 6;
        Arrays.fill(jpeg, tiff + 4, tiff + 8, (byte) 0x7f); // the offset of the directory
        DecodedImage image = DecodedImage.decode(jpeg, DecodedImage.MAX_PIXELS);
        assertThat(image.orientation()).isEqualTo(1);
        assertThat(image.transposed()).isSameAs(image);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 9, 200})
    void orientationsThatDoNotExistAreUpright(int value) {
        byte[] exif = ByteBuffer.allocate(26)
                .put("MM\0*".getBytes(StandardCharsets.ISO_8859_1))
                .putInt(8)
                .putShort((short) 1)
                .putShort((short) 0x112)
                .putShort((short) 3)
                .putInt(1)
                .putShort((short) value)
                .array();
        assertThat(Orientation.of(exif, new byte[0])).isEqualTo(1);
    }

    @Test
    void xmpIsAskedWhereExifIsSilent() {
        byte[] xmp = "<x tiff:Orientation=\"8\"/>".getBytes(StandardCharsets.ISO_8859_1);
        assertThat(Orientation.of(new byte[0], xmp)).isEqualTo(8);
    }

    private static byte[] pngHeader(int width, int height) {
        var png = ByteBuffer.allocate(33).put(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
        png.putInt(13)
                .put("IHDR".getBytes(StandardCharsets.US_ASCII))
                .putInt(width)
                .putInt(height);
        png.put((byte) 8).put((byte) 2).put(new byte[3]);
        var crc = new CRC32();
        crc.update(png.array(), 12, 17);
        return png.putInt((int) crc.getValue()).array();
    }

    private static byte[] bmpHeader(int width, int height) {
        var bmp = ByteBuffer.allocate(60).order(ByteOrder.LITTLE_ENDIAN);
        bmp.put((byte) 'B')
                .put((byte) 'M')
                .putInt(60)
                .putInt(0)
                .putInt(54)
                .putInt(40)
                .putInt(width)
                .putInt(height);
        return bmp.putShort((short) 1).putShort((short) 24).array();
    }
}
