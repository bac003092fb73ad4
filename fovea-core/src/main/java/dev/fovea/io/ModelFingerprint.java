package dev.fovea.io;

import dev.fovea.error.InputException;
import dev.fovea.files.InputFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Tells whether a model is the one that it was: a sum of its configuration, its tokenizer, the headers of its weights, and a few
 * bytes of each tensor, so that a fine-tune of the same shape is another model. It takes a moment for a model of any size.
 */
public final class ModelFingerprint {
    /** What decides how a model answers, beside its weights. */
    private static final Pattern FILES = Pattern.compile(
            "(config|generation_config|.*processor_config|tokenizer.*|special_tokens_map|added_tokens|vocab|merges"
                    + "|.*chat_template.*|.*\\.jinja)(\\.(json|txt|jinja))?");

    private static final int DEPTH = 2;
    private static final int SAMPLE = 64;

    private ModelFingerprint() {}

    /**
     * @return hexadecimal digits
     * @throws dev.fovea.error.InputException where a file cannot be read
     */
    public static String of(ModelDirectory directory) {
        MessageDigest digest = sha256();
        for (Path file : configuration(directory.path())) {
            add(digest, directory.path().relativize(file).toString());
            digest.update(InputFile.read(file, InputFile.TEXT_BYTES));
        }
        List<WeightFile> weights = directory.openWeights();
        try {
            weights.forEach(file -> add(digest, file));
        } finally {
            weights.forEach(WeightFile::close);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** The files of a model directory that are no weights but decide how it answers, in one order. */
    public static List<Path> configuration(Path directory) {
        try (Stream<Path> files = Files.walk(directory, DEPTH)) {
            return files.filter(f -> FILES.matcher(f.getFileName().toString()).matches() && Files.isRegularFile(f))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw InputException.cannot("list", directory, e);
        }
    }

    private static void add(MessageDigest digest, WeightFile file) {
        file.entries().values().forEach(entry -> {
            add(digest, entry.name() + " " + entry.type() + " " + entry.shape());
            MemorySegment bytes = file.segment(entry.name());
            for (int part = 0; part < 3; part++) {
                long from = Math.max(0, (bytes.byteSize() - SAMPLE) * part / 2);
                long size = Math.min(SAMPLE, bytes.byteSize() - from);
                byte[] sample = new byte[(int) size];
                MemorySegment.copy(bytes, from, MemorySegment.ofArray(sample), 0, size);
                digest.update(sample);
            }
        });
    }

    /** With its length, so that no two lists of texts give the same bytes. */
    private static void add(MessageDigest digest, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
        digest.update(bytes);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e); // every Java has it
        }
    }
}
