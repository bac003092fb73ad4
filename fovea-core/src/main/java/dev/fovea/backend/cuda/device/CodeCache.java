package dev.fovea.backend.cuda.device;

import dev.fovea.error.FoveaException;
import dev.fovea.error.Quote;
import dev.fovea.error.Reason;
import dev.fovea.error.Warnings;
import dev.fovea.files.OutputFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.zip.CRC32;

/**
 * Compiled kernels in a folder, each under a sum of all that it was made of, with a sum of its own at its end, so that a broken
 * disk cannot hand out another code. Where nothing can be kept, code is made anew at each start, and a warning says so.
 *
 * @param folder made where it is missing; empty for a user who has none
 * @param warnings where is said that nothing can be kept
 */
record CodeCache(Optional<Path> folder, Warnings warnings) {

    /**
     * The code that was made of something.
     *
     * @param key all of it
     * @param making makes it, where it is not there
     */
    byte[] get(List<String> key, Supplier<byte[]> making) {
        if (folder.isEmpty()) {
            warnCannotKeep("this user has no home folder");
            return making.get();
        }
        Path file = folder.get().resolve(name(key));
        return read(file).orElseGet(() -> {
            byte[] code = making.get();
            keep(file, code);
            return code;
        });
    }

    private Optional<byte[]> read(Path file) {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try {
            byte[] all = Files.readAllBytes(file);
            if (all.length > Long.BYTES) {
                byte[] code = Arrays.copyOf(all, all.length - Long.BYTES);
                if (ByteBuffer.wrap(all).getLong(code.length) == sum(code)) {
                    return Optional.of(code);
                }
            }
        } catch (IOException e) {
            warnings.warn("cannot read the compiled kernels in " + Quote.of(file) + ": " + Reason.of(e));
        }
        return Optional.empty(); // what is damaged is replaced
    }

    private void keep(Path file, byte[] code) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            OutputFile.of(file).write(out -> {
                out.write(code);
                out.write(ByteBuffer.allocate(Long.BYTES).putLong(sum(code)).array());
            });
        } catch (IOException | FoveaException e) {
            warnCannotKeep(Reason.of(e));
        }
    }

    private void warnCannotKeep(String reason) {
        warnings.warn("compiled kernels cannot be kept, so each start compiles them anew: " + reason
                + "; -Dfovea.cache=DIR names a folder for them");
    }

    private static long sum(byte[] code) {
        CRC32 sum = new CRC32();
        sum.update(code);
        return sum.getValue();
    }

    private static String name(List<String> key) {
        try {
            byte[] sum = MessageDigest.getInstance("SHA-256")
                    .digest(String.join("\n", key).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(sum) + ".cubin";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java has it
        }
    }
}
