package dev.fovea.media;

import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;

/**
 * Files as {@code torchvision.io.decode_image(…, mode=RGB, apply_exif_orientation=True)} reads them. Its decoders give the
 * pixels of Pillow's; what differs is which files they take, transparency, and who asks for the orientation.
 */
final class Torchvision {

    static final String HINT = "the loader load_image opens it";

    private Torchvision() {}

    /**
     * @param maxPixels as for {@link DecodedImage#decode}
     * @throws InputException for what torchvision refuses, and for 16-bit samples, which it would hand on unscaled
     */
    static Picture decode(byte[] bytes, long maxPixels) {
        ImageFormat format = ImageFormat.of(bytes);
        try {
            return switch (format) {
                case JPEG ->
                    Jpeg.decodeByTorchvision(bytes, maxPixels).transposed().rgb();
                case PNG ->
                    Png.decodeByTorchvision(bytes, maxPixels).transposed().rgb();
                case GIF -> Gif.decodeByTorchvision(bytes, maxPixels);
                case WEBP -> Webp.decodeByTorchvision(bytes, maxPixels).rgb();
                default ->
                    throw new InputException(
                            "The loader torchvision reads JPEG, PNG, GIF and WebP, not " + format, HINT);
            };
        } catch (FoveaException e) {
            throw e;
        } catch (RuntimeException e) {
            throw DecodedImage.damaged(format, bytes, e);
        }
    }
}
