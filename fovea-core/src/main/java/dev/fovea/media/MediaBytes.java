package dev.fovea.media;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.files.InputFile;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** The bytes of a file that is read in parts, here and there: on disk or in memory. */
public sealed interface MediaBytes {

    /**
     * A video file's. Fetches them where they are elsewhere.
     *
     * @throws InputException where there is no such file
     */
    static MediaBytes of(VideoSource source) {
        return switch (source) {
            case VideoSource.OfPath(Path path) -> of(path);
            case VideoSource.OfFile(ImageSource file) -> of(file);
            case VideoSource.OfFrames _ -> throw new IllegalStateException("a list of frames is no video file");
        };
    }

    private static MediaBytes of(Path path) {
        if (!Files.exists(path)) {
            throw new InputException(
                    "cannot open the clip " + Quote.of(path) + ": there is no such file and no such folder");
        }
        return new OfPath(path);
    }

    private static MediaBytes of(ImageSource file) {
        return switch (file.inMemory()) {
            case ImageSource.Held(ImageSource origin, byte[] bytes) ->
                new OfBytes(bytes, origin.toString(), fileName(origin));
            case ImageSource.OfBytes(byte[] bytes) -> new OfBytes(bytes, "in memory", "");
            default -> throw new IllegalStateException("a picture is no video file");
        };
    }

    private static String fileName(ImageSource origin) {
        String path = switch (origin) {
            case ImageSource.OfPath(Path file) -> file.toString();
            case ImageSource.OfUri(URI uri) -> Objects.toString(uri.getPath(), "");
            default -> "";
        };
        return path.substring(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
    }

    int OPENING = 32;

    /** For messages, quoted already. */
    String label();

    /** Of the file: what its ending says may help to tell formats apart. Empty where it has none. */
    String fileName();

    /** @throws InputException where it cannot be opened */
    Reading open();

    /** Its first bytes, by which formats are told apart. */
    default byte[] opening() {
        try (Reading reading = open()) {
            ByteBuffer opening = ByteBuffer.allocate((int) Math.min(OPENING, reading.size()));
            int _ = reading.read(opening, 0);
            return opening.array();
        } catch (IOException e) {
            throw InputException.cannot("read", label(), e);
        }
    }

    /**
     * All of it.
     *
     * @throws InputException where it has more bytes
     */
    byte[] all(long limit);

    /** One reader's view. Not for several threads. */
    interface Reading extends AutoCloseable {
        long size() throws IOException;

        /** Fills a part of the buffer from a position on; negative where there is nothing more. */
        int read(ByteBuffer into, long position) throws IOException;

        @Override
        void close() throws IOException;
    }

    record OfPath(Path path) implements MediaBytes {
        public OfPath {
            Objects.requireNonNull(path, "path");
        }

        @Override
        public String label() {
            return Quote.of(path);
        }

        @Override
        public String fileName() {
            return Objects.toString(path.getFileName(), "");
        }

        @Override
        public byte[] all(long limit) {
            return InputFile.read(path, limit);
        }

        @Override
        public Reading open() {
            InputFile.check(path);
            try {
                return new OfChannel(FileChannel.open(path));
            } catch (IOException e) {
                throw InputException.cannot("read", path, e);
            }
        }
    }

    /** @param label for messages, quoted already */
    record OfBytes(byte[] bytes, String label, String fileName) implements MediaBytes {
        public OfBytes {
            Objects.requireNonNull(bytes, "bytes");
            Objects.requireNonNull(label, "label");
            Objects.requireNonNull(fileName, "fileName");
        }

        @Override
        public byte[] all(long limit) {
            return bytes;
        }

        @Override
        public Reading open() {
            return new OfMemory(bytes);
        }
    }

    /** Of a file on disk. */
    record OfChannel(FileChannel channel) implements Reading {
        @Override
        public long size() throws IOException {
            return channel.size();
        }

        @Override
        public int read(ByteBuffer into, long position) throws IOException {
            return channel.read(into, position);
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    /** Of bytes in memory. */
    record OfMemory(byte[] bytes) implements Reading {
        @Override
        public long size() {
            return bytes.length;
        }

        @Override
        public int read(ByteBuffer into, long position) {
            if (position >= bytes.length) {
                return -1;
            }
            int count = (int) Math.min(into.remaining(), bytes.length - position);
            into.put(bytes, (int) position, count);
            return count;
        }

        @Override
        public void close() {}
    }
}
