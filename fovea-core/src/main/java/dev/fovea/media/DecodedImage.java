package dev.fovea.media;

import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * A picture in memory, as a {@code PIL.Image}: what processors take, what coordinates in answers belong to, and what they are drawn
 * on. {@link ImageSource#load} gives it upright and in colours; {@link ImageSource#decode} as the file holds it, in its own mode
 * and not yet turned, so that what becomes of transparency and orientation is the caller's choice, as it is in the reference.
 *
 * <pre>{@code
 * DecodedImage picture = ImageSource.of(Path.of("street.jpg")).load();
 * var inputs = processor.process(picture, "<OD>");
 * }</pre>
 *
 * <p>Immutable.
 */
public final class DecodedImage implements ImageSource {

    /** The largest picture that is decoded unless the caller says otherwise; Pillow's {@code MAX_IMAGE_PIXELS}. */
    public static final long MAX_PIXELS = 178_956_970;

    private final Mode mode;
    private final int width;
    private final int height;
    private final byte[] samples; // (height, width, bytes a pixel of the mode)
    private final byte[] palette; // (256, 3); empty unless mode P
    private final Transparency transparency;
    private final int orientation;
    private final Origin origin;

    private DecodedImage(
            Mode mode,
            int width,
            int height,
            byte[] samples,
            byte[] palette,
            Transparency transparency,
            int orientation,
            Origin origin) {
        this.mode = mode;
        this.width = width;
        this.height = height;
        this.samples = samples;
        this.palette = palette;
        this.transparency = transparency;
        this.orientation = orientation;
        this.origin = origin;
    }

    /** Samples of a mode; they are not copied. */
    static DecodedImage of(Mode mode, int width, int height, byte[] samples) {
        assert samples.length == width * height * mode.bytes;
        return new DecodedImage(
                mode, width, height, samples, new byte[0], Transparency.NONE, 1, new Origin(width, height, 1));
    }

    /** Indices into a palette of at most 256 RGB triples; colours it lacks are black, as in Pillow. */
    static DecodedImage of(int width, int height, byte[] indices, byte[] palette) {
        return new DecodedImage(
                Mode.P,
                width,
                height,
                indices,
                Arrays.copyOf(palette, 768),
                Transparency.NONE,
                1,
                new Origin(width, height, 1));
    }

    DecodedImage with(Transparency transparency) {
        return new DecodedImage(mode, width, height, samples, palette, transparency, orientation, origin);
    }

    private DecodedImage from(Origin other) {
        return new DecodedImage(mode, width, height, samples, palette, transparency, orientation, other);
    }

    /** What it was made of: its size before a front end resized it, and the turn that it got. */
    public Origin origin() {
        return origin;
    }

    /** The EXIF orientation; anything but 1 to 8 stands for 1. */
    DecodedImage withOrientation(int orientation) {
        return new DecodedImage(mode, width, height, samples, palette, transparency, orientation, origin);
    }

    /**
     * Decodes a file of any supported format; its content decides which. Animations and multi-page files give the
     * first frame.
     *
     * @param maxPixels the largest {@code width * height} that the header may claim, checked before decoding
     * @throws InputException where it is not a picture, damaged, truncated, too large or of an unsupported kind
     */
    public static DecodedImage decode(byte[] bytes, long maxPixels) {
        ImageFormat format = ImageFormat.of(bytes);
        try {
            return format.decode(bytes, maxPixels);
        } catch (FoveaException e) {
            throw e;
        } catch (RuntimeException e) {
            throw damaged(format, bytes, e);
        }
    }

    /** Decoders of the JDK and of libraries answer damaged files with almost any exception. */
    static InputException damaged(ImageFormat format, byte[] bytes, RuntimeException e) {
        return new InputException(
                "The " + format + " file of " + bytes.length + " bytes is truncated or damaged",
                "fetch or save the picture again",
                e);
    }

    /** A picture that is converted already: mode RGB. */
    public static DecodedImage of(Picture picture) {
        return of(Mode.RGB, picture.width(), picture.height(), picture.rgb());
    }

    /** A Java image as Pillow would hold it: mode RGBA where it has transparency, else RGB. */
    public static DecodedImage of(BufferedImage image) {
        int width = image.getWidth();
        int height = image.getHeight();
        boolean packed =
                image.getType() == BufferedImage.TYPE_INT_RGB || image.getType() == BufferedImage.TYPE_INT_ARGB;
        int[] argb = packed // getRGB asks the colour model for every pixel
                ? (int[]) image.getRaster().getDataElements(0, 0, width, height, null)
                : image.getRGB(0, 0, width, height, null, 0, width);
        Mode mode = image.getColorModel().hasAlpha() ? Mode.RGBA : Mode.RGB;
        var samples = new byte[Math.multiplyExact(argb.length, mode.bytes)];
        for (int i = 0, at = 0; i < argb.length; i++, at += mode.bytes) {
            samples[at] = (byte) (argb[i] >> 16);
            samples[at + 1] = (byte) (argb[i] >> 8);
            samples[at + 2] = (byte) argb[i];
            if (mode == Mode.RGBA) {
                samples[at + 3] = (byte) (argb[i] >> 24);
            }
        }
        return of(mode, width, height, samples);
    }

    /** Itself: it is decoded already, whatever its size. */
    @Override
    public DecodedImage decode(long maxPixels) {
        return this;
    }

    /** Pillow's name: "1", "L", "LA", "P", "RGB", "RGBA", "CMYK" or "I;16". */
    public String mode() {
        return mode.pillowName;
    }

    /** Pixels in a row, as stored: before any turn. */
    public int width() {
        return width;
    }

    /** Rows, as stored: before any turn. */
    public int height() {
        return height;
    }

    /** EXIF tag 0x0112, 1 (upright) to 8; 1 where the file has none that makes sense. */
    public int orientation() {
        return orientation;
    }

    /**
     * What is lost in {@link #rgb} though nothing fails: numbers above 255 become white. Empty where nothing is.
     */
    public Optional<String> note() {
        return mode.clips(samples)
                ? Optional.of("the picture has grey values above 255 (mode " + mode()
                        + "), which become white, as in Pillow; scale them to 8 bits to see what they show")
                : Optional.empty();
    }

    /** Whether a pixel may be other than opaque: an alpha channel, or a colour or palette entry marked so. */
    public boolean hasTransparency() {
        return mode.hasAlpha() || !(transparency instanceof Transparency.None);
    }

    /** {@code 0xAARRGGBB} of modes RGB and RGBA. */
    int[] argb() {
        int[] pixels = new int[width * height];
        for (int i = 0, at = 0; i < pixels.length; i++, at += mode.bytes) {
            int alpha = mode == Mode.RGBA ? samples[at + 3] & 255 : 255;
            pixels[i] = alpha << 24 | (samples[at] & 255) << 16 | (samples[at + 1] & 255) << 8 | samples[at + 2] & 255;
        }
        return pixels;
    }

    /** On an empty canvas of another size, its upper left corner at the given place. */
    DecodedImage placed(int left, int top, int canvasWidth, int canvasHeight) {
        byte[] canvas = mode.samples(canvasWidth, canvasHeight);
        for (int y = 0; y < height; y++) {
            int to = ((top + y) * canvasWidth + left) * mode.bytes;
            System.arraycopy(samples, y * width * mode.bytes, canvas, to, width * mode.bytes);
        }
        return new DecodedImage(
                mode,
                canvasWidth,
                canvasHeight,
                canvas,
                palette,
                transparency,
                orientation,
                new Origin(canvasWidth, canvasHeight, 1));
    }

    /** Turned upright as EXIF says: {@code PIL.ImageOps.exif_transpose}. */
    public DecodedImage transposed() {
        if (orientation == 1) {
            return this;
        }
        byte[] turned = Orientation.upright(samples, width, height, mode.bytes, orientation);
        boolean swap = Orientation.swapsSides(orientation);
        Origin from = new Origin(width, height, orientation);
        return new DecodedImage(
                mode, swap ? height : width, swap ? width : height, turned, palette, transparency, 1, from);
    }

    /** Upright and in colours: {@code transformers.image_utils.load_image}. A single transparent colour is still known. */
    public DecodedImage loaded() {
        return transposed().toRgb();
    }

    @Override
    public Picture decodeByTorchvision() {
        return transposed().rgb();
    }

    /** A copy, of type {@link BufferedImage#TYPE_INT_RGB}: not turned, alpha dropped. */
    public BufferedImage toBufferedImage() {
        return rgb().toBufferedImage();
    }

    /** As a PNG file: not turned, alpha dropped. */
    public byte[] png() {
        return rgb().png();
    }

    /**
     * {@code convert("RGB")}: alpha is dropped, palettes are looked up, grey is repeated, CMYK is converted without
     * profile, 16-bit grey is clipped (not scaled) to 255.
     */
    public Picture rgb() {
        return new Picture(width, height, mode.toRgb(samples, palette));
    }

    /**
     * {@code convert("RGB")} as a picture of Pillow: alpha is gone, but a single transparent colour is still known, so that
     * {@link #rgbOverWhite} lays it on white.
     */
    public DecodedImage toRgb() {
        return of(rgb()).with(transparency.ofRgb(mode, palette)).from(origin);
    }

    /** As {@link #toRgb}, but mode RGBA is laid on white: {@code qwen_vl_utils.vision_process.to_rgb}. */
    public DecodedImage toRgbByQwenVlUtils() {
        return mode == Mode.RGBA ? of(rgbOverWhite()).from(origin) : toRgb();
    }

    /** Other RGB pixels with the same transparent colour: Pillow's {@code resize} keeps it. */
    public DecodedImage mapPixels(UnaryOperator<Picture> change) {
        return of(change.apply(rgb())).with(transparency).from(origin);
    }

    /**
     * Laid on white where it {@linkplain #hasTransparency has transparency}, else {@link #rgb}:
     * {@code transformers.image_transforms.convert_to_rgb}.
     */
    public Picture rgbOverWhite() {
        Picture colours = rgb();
        return hasTransparency() ? new Picture(width, height, Alpha.overWhite(colours.rgb(), alpha(colours))) : colours;
    }

    /** The pixels of {@link #toRgbByQwenVlUtils}. */
    public Picture rgbaOverWhite() {
        return toRgbByQwenVlUtils().rgb();
    }

    /** The alpha that {@code convert("RGBA")} gives each pixel. */
    private byte[] alpha(Picture colours) {
        return mode.hasAlpha() ? Alpha.channel(samples, mode.bytes) : transparency.alpha(samples, colours.rgb());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof DecodedImage that
                && mode == that.mode
                && width == that.width
                && height == that.height
                && orientation == that.orientation
                && transparency.equals(that.transparency)
                && Arrays.equals(palette, that.palette)
                && Arrays.equals(samples, that.samples);
    }

    @Override
    public int hashCode() {
        return Objects.hash(mode, width, height, orientation, Arrays.hashCode(samples));
    }

    @Override
    public String toString() {
        return mode() + " " + width + " x " + height;
    }
}
