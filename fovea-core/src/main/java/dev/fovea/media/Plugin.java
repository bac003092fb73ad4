package dev.fovea.media;

import dev.fovea.error.InputException;
import dev.fovea.error.NativeException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;

/** The ImageIO plugins, for the formats that are not decoded here. */
final class Plugin {

    /** What is wanted of a file. */
    interface Reading<T> {
        T apply(ImageReader reader) throws IOException;
    }

    private Plugin() {}

    static <T> T read(ImageFormat format, byte[] bytes, Reading<T> reading) {
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format.name());
        if (!readers.hasNext()) {
            throw new NativeException(
                    "ImageIO has no reader for " + format + " files", "put its plugin on the class path");
        }
        ImageReader reader = readers.next();
        try {
            reader.setInput(new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes)), true, true);
            return reading.apply(reader);
        } catch (IOException e) {
            throw new InputException(
                    "The " + format + " file is damaged or of an unsupported kind",
                    "fetch or save the picture again",
                    e);
        } catch (LinkageError e) {
            throw new NativeException("The native decoder of " + format + " files cannot be loaded", "", e);
        } finally {
            reader.dispose();
        }
    }
}
