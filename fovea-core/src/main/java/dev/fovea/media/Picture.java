package dev.fovea.media;

import dev.fovea.error.InputException;
import dev.fovea.files.InputFile;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/**
 * A decoded picture: 8-bit RGB, row by row, three bytes a pixel.
 *
 * <pre>{@code
 * Picture picture = ImageSource.parse("cat.jpg").decode().transposed().rgb();
 * Picture small = Resampler.PIL.resize(picture, 224, 224, Filter.BICUBIC);
 * }</pre>
 *
 * <p>The bytes are not copied: whoever makes a picture gives them away. Nothing in this package changes them.
 *
 * @param width pixels in a row, at least 1
 * @param height rows, at least 1
 * @param rgb {@code (height, width, 3)}, unsigned
 */
public record Picture(int width, int height, byte[] rgb) {

    public Picture {
        if (width < 1 || height < 1 || rgb.length != 3L * width * height) {
            throw new IllegalArgumentException(
                    "A picture of " + width + " x " + height + " cannot have " + rgb.length + " bytes");
        }
    }

    boolean hasSizeOf(Picture other) {
        return width == other.width && height == other.height;
    }

    /** The colours of a Java image as it would be drawn; alpha is dropped. */
    public static Picture of(BufferedImage image) {
        return DecodedImage.of(image).rgb();
    }

    /** As a PNG file, which says that Fovea wrote it: see {@link #isOwnPng}. */
    public byte[] png() {
        var out = new ByteArrayOutputStream();
        try {
            ImageIO.write(toBufferedImage(), "png", out);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail
        }
        return SoftwareMark.put(out.toByteArray());
    }

    /** Whether a file is what {@link #png} gave, unchanged. */
    public static boolean isOwnPng(Path file) {
        try {
            return SoftwareMark.isIn(InputFile.read(file, ImageSource.MAX_BYTES));
        } catch (InputException e) {
            return false; // then it is something else
        }
    }

    /** A copy, of type {@link BufferedImage#TYPE_INT_RGB}. */
    public BufferedImage toBufferedImage() {
        var image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        var row = new int[width];
        for (int y = 0, at = 0; y < height; y++) {
            for (int x = 0; x < width; x++, at += 3) {
                row[x] = (rgb[at] & 255) << 16 | (rgb[at + 1] & 255) << 8 | rgb[at + 2] & 255;
            }
            image.setRGB(0, y, width, 1, row, 0, width);
        }
        return image;
    }
}
