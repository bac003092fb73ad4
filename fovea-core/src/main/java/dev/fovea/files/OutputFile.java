package dev.fovea.files;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * A file that is written whole or not at all: beside its place first, then moved there in one step, so that a failure leaves what
 * was there before, and who has the former file open or mapped keeps it. A link is followed. Devices and pipes are written
 * directly.
 *
 * <p>What may not be lost can be named: files that are {@linkplain #sparing never written}, and {@linkplain #replacingOnly what
 * alone is replaced}.
 *
 * <pre>{@code OutputFile.of(file).sparing(inputs).write(out -> out.write(bytes))}</pre>
 *
 * Immutable.
 */
public final class OutputFile {
    private static final Set<Path> UNFINISHED = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(() -> UNFINISHED.forEach(f -> f.toFile().delete())));
    }

    private final Path path;
    private final List<Path> inputs;
    private final Optional<Own> own;

    private record Own(String what, Predicate<Path> isOne, String remedy) {}

    /** What goes into a file. */
    @FunctionalInterface
    public interface Content {
        /** The stream is buffered, and closed by its owner. */
        void writeTo(OutputStream out) throws IOException;
    }

    private OutputFile(Path path, List<Path> inputs, Optional<Own> own) {
        this.path = path;
        this.inputs = inputs;
        this.own = own;
    }

    /** Replaces what is there. */
    public static OutputFile of(Path path) {
        return new OutputFile(path, List.of(), Optional.empty());
    }

    public Path path() {
        return path;
    }

    /** These files are not written, by whatever name or link; they are spared beside those named before. */
    public OutputFile sparing(Collection<Path> files) {
        return new OutputFile(
                path, Stream.concat(inputs.stream(), files.stream()).toList(), own);
    }

    /**
     * Of the files that are there, only empty ones and those that the test knows are replaced.
     *
     * @param what the test knows, for messages: {@code a drawing of Fovea}
     * @param isOne gets an existing regular file
     * @param remedy what somebody can do who means it
     */
    public OutputFile replacingOnly(String what, Predicate<Path> isOne, String remedy) {
        return new OutputFile(path, inputs, Optional.of(new Own(what, isOne, remedy)));
    }

    /**
     * Finds what would make {@link #write} fail, as far as it can be known before.
     *
     * @throws OptionException where it is spared, or may not be replaced
     * @throws InputException where there is no folder, or a folder in its place
     */
    public void check() {
        try {
            Path target = target();
            Path folder = folder(target);
            if (!Files.isDirectory(folder)) {
                throw new InputException("cannot write " + Quote.of(path) + ": there is no folder " + Quote.of(folder));
            }
            if (Files.isDirectory(target)) {
                throw new InputException("cannot write " + Quote.of(path) + ": it is a folder");
            }
            if (Files.isRegularFile(target)) {
                checkReplacing(target);
            }
        } catch (IOException e) {
            throw InputException.cannot("write", path, e);
        }
    }

    private void checkReplacing(Path target) throws IOException {
        for (Path input : inputs) {
            if (Files.exists(input) && Files.isSameFile(input, target)) {
                boolean sameName = input.toAbsolutePath()
                        .normalize()
                        .equals(path.toAbsolutePath().normalize());
                throw new OptionException(
                        "cannot write " + Quote.of(path) + ": this run reads it"
                                + (sameName ? "" : " as " + Quote.of(input)),
                        "give another file");
            }
        }
        if (own.isPresent() && Files.size(target) > 0 && !own.get().isOne().test(target)) {
            throw new OptionException(
                    "cannot write " + Quote.of(path) + ": it exists, and is not "
                            + own.get().what(),
                    own.get().remedy());
        }
    }

    /**
     * Writes the file.
     *
     * @throws OptionException as {@link #check}
     * @throws InputException as {@link #check}, and where it cannot be written; what was there before is there then
     */
    public void write(Content content) {
        check();
        try {
            Path target = target();
            if (Files.exists(target) && !Files.isRegularFile(target)) {
                try (OutputStream out =
                        new BufferedOutputStream(Files.newOutputStream(target, StandardOpenOption.WRITE))) {
                    content.writeTo(out);
                }
            } else {
                replace(target, content);
            }
        } catch (IOException e) {
            throw InputException.cannot("write", path, e);
        }
    }

    private void replace(Path target, Content content) throws IOException {
        Path beside = folder(target).resolve(".fovea-" + UUID.randomUUID() + ".tmp");
        UNFINISHED.add(beside);
        try {
            try (FileChannel channel =
                            FileChannel.open(beside, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                    BlockStream out = new BlockStream(channel)) {
                content.writeTo(out);
                out.finish();
                channel.force(true);
            }
            check(); // meanwhile somebody may have put a file there
            keepPermissions(target, beside);
            move(beside, target);
        } finally {
            Files.deleteIfExists(beside);
            UNFINISHED.remove(beside);
        }
    }

    /** Those of the former file, where there is one; a new one has those that the system gives. */
    public static void keepPermissions(Path former, Path file) throws IOException {
        if (Files.exists(former)
                && former.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Files.getFileAttributeView(file, PosixFileAttributeView.class)
                    .setPermissions(Files.getPosixFilePermissions(former));
        }
    }

    /** In one step, where the file system has one. */
    public static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** The path without the links at its end, so that a link stays one. */
    public Path target() throws IOException {
        if (Files.exists(path)) {
            return Files.isRegularFile(path) ? path.toRealPath() : path;
        }
        Path target = path;
        for (int links = 0; Files.isSymbolicLink(target) && links < 40; links++) {
            target = folder(target).resolve(Files.readSymbolicLink(target));
        }
        return target;
    }

    private static Path folder(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        return folder == null ? file : folder;
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
