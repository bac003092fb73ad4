package dev.fovea.files;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Reads what a user names as a file: whole files and the pipes of a shell ({@code <(command)}, {@code /dev/stdin}), up to a limit.
 * Directories, devices and sockets are refused, and named pipes, which would wait for ever where nobody writes.
 *
 * <p>Threads may share it.
 */
public final class InputFile {
    /** What a text may have: several times the largest tokenizer.json. */
    public static final long TEXT_BYTES = 256L << 20;

    private static final int FORMAT = 0170000;
    private static final int PIPE = 0010000;
    private static final int SOCKET = 0140000;

    private InputFile() {}

    /**
     * All bytes.
     *
     * @param limit bytes that are read at most
     * @throws InputException where there is no such file, it is none, it is larger, or it cannot be read
     */
    public static byte[] read(Path file, long limit) {
        String name = file.toString();
        try (InputStream in = open(file)) {
            long size = Files.size(file);
            if (size > limit) {
                throw tooLarge(name, size + " bytes", limit);
            }
            return size > 0 ? in.readAllBytes() : readAll(in, name, limit);
        } catch (IOException e) {
            throw InputException.cannot("read", name, e);
        }
    }

    /**
     * All bytes of a stream whose end nobody knows. The caller closes it.
     *
     * @param name of the stream for messages
     * @throws InputException where there are more than the limit
     */
    public static byte[] readAll(InputStream in, String name, long limit) throws IOException {
        byte[] bytes = in.readNBytes((int) Math.min(limit + 1, Integer.MAX_VALUE - 8));
        if (bytes.length > limit) {
            throw tooLarge(name, "more than " + limit + " bytes", limit);
        }
        return bytes;
    }

    private static InputException tooLarge(String name, String found, long limit) {
        return new InputException(
                "cannot read " + Quote.of(name) + ": it has " + found + "; at most " + limit + " are read");
    }

    /**
     * All of a text file, less the byte order mark that some editors put before it.
     *
     * @throws InputException as {@link #read}, and where it is no UTF-8
     */
    public static String readText(Path file) {
        return text(read(file, TEXT_BYTES), file.toString());
    }

    /**
     * The text of these bytes, less a byte order mark.
     *
     * @param name of their source for messages
     * @throws InputException where they are no UTF-8
     */
    public static String text(byte[] bytes, String name) {
        boolean utf16 = bytes.length >= 2 && (bytes[0] == -1 && bytes[1] == -2 || bytes[0] == -2 && bytes[1] == -1);
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            return text.startsWith("\uFEFF") ? text.substring(1) : text;
        } catch (CharacterCodingException e) {
            throw new InputException(
                    "cannot read " + Quote.of(name) + ": it is " + (utf16 ? "UTF-16" : "no UTF-8") + "; expected UTF-8",
                    utf16 ? "save it as UTF-8" : "",
                    e);
        }
    }

    /**
     * A file or a shell's pipe as a stream, which the caller closes.
     *
     * @throws InputException where there is no such file, or it is none
     */
    public static InputStream open(Path file) {
        check(file);
        try {
            return Files.newInputStream(file);
        } catch (IOException e) {
            throw InputException.cannot("read", file, e);
        }
    }

    /**
     * Refuses what is no file, before somebody opens it and waits.
     *
     * @throws InputException as {@link #open}
     */
    public static void check(Path file) {
        try {
            checkKind(file);
        } catch (NoSuchFileException e) {
            throw new InputException(
                    "cannot read " + Quote.of(file) + ": there is no such file",
                    "looked in " + Quote.of(folder(file)),
                    e);
        } catch (IOException e) {
            throw InputException.cannot("read", file, e);
        }
    }

    private static Path folder(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        return folder == null ? file : folder;
    }

    private static void checkKind(Path file) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        if (attributes.isRegularFile()) {
            return;
        }
        int mode = attributes.isOther() ? mode(file) : 0;
        if (mode == PIPE && isOpen(file)) {
            return;
        }
        String kind = attributes.isDirectory()
                ? "directory"
                : switch (mode) {
                    case PIPE -> "named pipe";
                    case SOCKET -> "socket";
                    default -> "device";
                };
        throw new InputException(
                "cannot read " + Quote.of(file) + ": it is a " + kind + ", not a file",
                mode == PIPE ? "give - and let it flow into stdin" : "");
    }

    /** Of a file that is no regular one: which kind, as Unix numbers them; 0 elsewhere. */
    private static int mode(Path file) throws IOException {
        return file.getFileSystem().supportedFileAttributeViews().contains("unix")
                ? (int) Files.getAttribute(file, "unix:mode") & FORMAT
                : 0;
    }

    /** Whether the process holds it open already, so that its other end was there at least once. */
    private static boolean isOpen(Path file) {
        Path path = file.toAbsolutePath().normalize();
        return path.startsWith("/dev/fd") || path.startsWith("/proc/self/fd") || path.equals(Path.of("/dev/stdin"));
    }
}
