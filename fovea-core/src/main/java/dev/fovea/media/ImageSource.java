package dev.fovea.media;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.files.InputFile;
import java.awt.image.BufferedImage;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * A picture, wherever it is: a file, an address, bytes, or in memory already ({@link DecodedImage}). Nothing is read before {@link
 * #load} or {@link #decode}, and nothing is kept after it, but by {@link #inMemory}.
 *
 * <pre>{@code
 * DecodedImage picture = ImageSource.of(Path.of("photo.jpg")).load();
 * DecodedImage small = ImageSource.of(Files.readAllBytes(Path.of("photo.jpg"))).decode(1_000_000).loaded();
 * }</pre>
 */
public sealed interface ImageSource
        permits DecodedImage, ImageSource.OfPath, ImageSource.OfUri, ImageSource.Held, ImageSource.OfBytes {
    /** Looks like an address: a letter alone is a drive of Windows. */
    Pattern ADDRESS = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:/");

    /** More than the largest picture that is decoded has, as it lies in memory. */
    long MAX_BYTES = 1L << 30;

    /** A file. */
    record OfPath(Path path) implements ImageSource {
        public OfPath {
            Objects.requireNonNull(path, "path");
        }

        @Override
        public DecodedImage decode(long maxPixels) {
            return inMemory().decode(maxPixels);
        }

        @Override
        public ImageSource inMemory() {
            return new Held(this, InputFile.read(path, MAX_BYTES));
        }

        @Override
        public String toString() {
            return Quote.of(path);
        }
    }

    /** An {@code http:} or {@code https:} address. */
    record OfUri(URI uri) implements ImageSource {
        public OfUri {
            Objects.requireNonNull(uri, "uri");
        }

        @Override
        public DecodedImage decode(long maxPixels) {
            return inMemory().decode(maxPixels);
        }

        @Override
        public ImageSource inMemory() {
            return new Held(this, Download.get(uri));
        }

        @Override
        public String toString() {
            return Quote.of(uri);
        }
    }

    /** The bytes that were read from another source, whose name they keep. */
    record Held(ImageSource origin, byte[] bytes) implements ImageSource {
        public Held {
            Objects.requireNonNull(origin, "origin");
            Objects.requireNonNull(bytes, "bytes");
        }

        @Override
        public DecodedImage decode(long maxPixels) {
            return named(origin.toString(), () -> DecodedImage.decode(bytes, maxPixels));
        }

        @Override
        public Picture decodeByTorchvision() {
            return named(origin.toString(), () -> Torchvision.decode(bytes, DecodedImage.MAX_PIXELS));
        }

        @Override
        public String toString() {
            return origin.toString();
        }
    }

    /** The bytes of a file. They are not copied. */
    record OfBytes(byte[] bytes) implements ImageSource {
        public OfBytes {
            Objects.requireNonNull(bytes, "bytes");
        }

        @Override
        public DecodedImage decode(long maxPixels) {
            return DecodedImage.decode(bytes, maxPixels);
        }

        @Override
        public Picture decodeByTorchvision() {
            return Torchvision.decode(bytes, DecodedImage.MAX_PIXELS);
        }
    }

    static ImageSource of(Path path) {
        return new OfPath(path);
    }

    /** An address: {@code http:}, {@code https:}, {@code file:} or {@code data:}. */
    static ImageSource of(URI uri) {
        return parse(uri.toString());
    }

    static ImageSource of(byte[] bytes) {
        return new OfBytes(bytes);
    }

    /** A copy of a Java image. */
    static DecodedImage of(BufferedImage image) {
        return DecodedImage.of(image);
    }

    /**
     * What transformers and qwen-vl-utils take for a picture: a path, an {@code http:}, {@code https:} or
     * {@code file:} address, a {@code data:} URI in base64 (the sloppy {@code data:image;base64,...} too), or bare
     * base64.
     *
     * @throws InputException where it is an address that cannot be understood, or empty
     */
    static ImageSource parse(String source) {
        if (source.isEmpty()) {
            throw emptyName();
        }
        String scheme = source.substring(0, Math.min(8, source.length())).toLowerCase(Locale.ROOT);
        try {
            if (scheme.startsWith("http://") || scheme.startsWith("https://")) {
                return new OfUri(URI.create(source));
            }
            if (scheme.startsWith("data:")) {
                return ofDataUri(source);
            }
            if (scheme.startsWith("file:")) {
                return new OfPath(ofFileUri(source));
            }
        } catch (IllegalArgumentException e) {
            throw new InputException(
                    "not an address of a picture: " + Quote.of(source), "spaces and the like stand in it as %20", e);
        }
        return ofPathOrBase64(source);
    }

    /** As {@link #parse(String)}, with relative paths starting from a directory. */
    static ImageSource parse(String source, Path directory) {
        ImageSource parsed = parse(source);
        if (!(parsed instanceof OfPath(Path path)) || path.isAbsolute()) {
            return parsed;
        }
        Path below = directory.resolve(path);
        return Files.exists(below) || !isBase64OfPicture(source) ? new OfPath(below) : parsed;
    }

    /**
     * Opens as transformers' {@code load_image}: turned upright as EXIF says, in colours. What a {@code Pipeline} looks at, unless
     * a request says otherwise; so coordinates in its answers belong to this picture.
     *
     * @throws InputException where there is no such file, or no picture in it
     * @throws dev.fovea.error.NetworkException where it cannot be fetched
     */
    default DecodedImage load() {
        return decode().loaded();
    }

    /** Opens as {@code PIL.Image.open}, with the limit {@link DecodedImage#MAX_PIXELS}. */
    default DecodedImage decode() {
        return decode(DecodedImage.MAX_PIXELS);
    }

    /**
     * Reads or fetches, then decodes.
     *
     * @param maxPixels as for {@link DecodedImage#decode}
     * @throws InputException where there is no such file, or no picture in it
     * @throws dev.fovea.error.NetworkException where it cannot be fetched
     */
    DecodedImage decode(long maxPixels);

    /**
     * Reads or fetches, then decodes as {@code torchvision.io.decode_image} does: JPEG, PNG, WebP and GIF of one frame; turned
     * as EXIF says, but neither by XMP nor in WebP; alpha is dropped, and a GIF's transparent pixels have its background colour.
     *
     * @throws InputException as {@link #decode(long)}, and for what torchvision does not read: other formats, animations,
     *     16-bit samples
     */
    default Picture decodeByTorchvision() {
        return inMemory().decodeByTorchvision();
    }

    /**
     * Reads or fetches now, so that decoding later, and more than once, finds what is there today.
     *
     * @throws InputException where there is no such file
     * @throws dev.fovea.error.NetworkException where it cannot be fetched
     */
    default ImageSource inMemory() {
        return this;
    }

    private static ImageSource ofDataUri(String source) {
        int comma = source.indexOf(',');
        if (comma < 0 || !source.substring(0, comma).endsWith("base64")) {
            throw new InputException(
                    "The data URI " + Quote.of(source) + " is not in base64",
                    "expected data:image/png;base64,... or the like");
        }
        return ofBase64(source.substring(comma + 1));
    }

    private static ImageSource ofBase64(String text) {
        try {
            return new OfBytes(Base64.getMimeDecoder().decode(text));
        } catch (IllegalArgumentException e) {
            int end = text.indexOf('=');
            if (end >= 0 && text.substring(end).chars().anyMatch(Character::isLetterOrDigit)) {
                throw new InputException(
                        "the base64 of a picture or clip goes on behind its end, the = behind " + end + " characters",
                        "expected the base64 of one file",
                        e);
            }
            throw new InputException(
                    "the base64 of a picture or clip breaks off behind " + text.length() + " characters",
                    "expected four characters for each three bytes",
                    e);
        }
    }

    /** {@code file:///path}, {@code file:/path}, and the unescaped {@code file://path} that qwen-vl-utils takes. */
    private static Path ofFileUri(String source) {
        String path = source.substring(source.startsWith("//", 5) ? 7 : 5);
        if (path.isEmpty()) {
            throw emptyName();
        }
        Path plain = Path.of(path);
        return Files.exists(plain) || !path.startsWith("/") || !path.contains("%")
                ? plain
                : Path.of(URI.create("file://" + path));
    }

    private static ImageSource ofPathOrBase64(String source) {
        try {
            Path path = Path.of(source);
            if (Files.exists(path)) {
                return new OfPath(path);
            }
            if (isBase64OfPicture(source)) {
                return ofBase64(source);
            }
            if (ADDRESS.matcher(source).lookingAt()) {
                throw unknownScheme(source);
            }
            return new OfPath(path);
        } catch (InvalidPathException e) {
            if (ADDRESS.matcher(source).lookingAt()) {
                throw unknownScheme(source);
            }
            throw new InputException("neither a path nor base64: " + Quote.of(source), "", e);
        }
    }

    /** As a path it would be the current directory, and its pictures a clip. */
    private static InputException emptyName() {
        return new InputException("the name of a picture or clip is empty", "expected a path or an address");
    }

    private static InputException unknownScheme(String source) {
        return new InputException(
                "cannot open " + Quote.of(source) + ": " + source.substring(0, source.indexOf(':'))
                        + ": is not fetched",
                "expected a path, or an address with http://, https://, file: or data:");
    }

    private static boolean isBase64OfPicture(String source) {
        try {
            String opening = source.substring(0, Math.min(24, source.length()));
            ImageFormat.of(Base64.getMimeDecoder().decode(opening));
            return true;
        } catch (IllegalArgumentException | InputException e) {
            return false; // then it is a path
        }
    }

    private static <T> T named(String name, Supplier<T> reader) {
        try {
            return reader.get();
        } catch (InputException e) {
            throw new InputException("cannot open " + name + ": " + e.problem(), e.hint(), e);
        }
    }
}
