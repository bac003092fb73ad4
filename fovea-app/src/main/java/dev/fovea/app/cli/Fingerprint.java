package dev.fovea.app.cli;

import dev.fovea.error.InputException;
import dev.fovea.io.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What an answer depends on, as sums that stand with it in a batch's output: so a later run can tell whether it is still the answer
 * to the request, and where not, what has changed.
 *
 * @param request prompt and names of pictures
 * @param options of processor and generation, those of the command line included
 * @param pictures what the files hold
 * @param model its configuration, weights and dtype
 */
record Fingerprint(String request, String options, String pictures, String model) {
    private static final int BYTES = 5;
    private static final Pattern FORM = Pattern.compile("([0-9a-f]{10})-([0-9a-f]{10})-([0-9a-f]{10})-([0-9a-f]{10})");

    /** The keys of a request that are options. */
    private static final Set<String> OPTIONS = Set.of("processor", "generate", "loader", "resampler", "class_rows");

    /**
     * @param json the request with the options of the command line; empty where it is none
     * @param files that it reads, pictures and frames
     * @param text as it stands in the input; counts where it is no request
     */
    static Fingerprint of(Map<String, @Nullable Object> json, List<Path> files, Optional<String> text, String model) {
        Map<String, @Nullable Object> asked = new TreeMap<>();
        Map<String, @Nullable Object> options = new TreeMap<>();
        json.forEach((key, value) -> {
            if (value != null && !key.equals("id")) {
                (OPTIONS.contains(key) ? options : asked).put(key, sorted(value));
            }
        });
        String readable = json.isEmpty() ? text.orElse("") : Json.write(asked);
        return new Fingerprint(sum(readable), sum(Json.write(options)), pictures(files), model);
    }

    /** With the keys of all objects in one order, since theirs means nothing. */
    private static @Nullable Object sorted(@Nullable Object value) {
        return switch (value) {
            case Map<?, ?> map -> {
                Map<String, @Nullable Object> sorted = new TreeMap<>();
                map.forEach((key, v) -> sorted.put(String.valueOf(key), sorted(v)));
                yield sorted;
            }
            case List<?> list -> {
                List<@Nullable Object> all = new ArrayList<>();
                list.forEach(v -> all.add(sorted(v)));
                yield all;
            }
            case null, default -> value;
        };
    }

    private static String pictures(List<Path> files) {
        MessageDigest digest = sha256();
        try {
            for (Path file : files) {
                digest.update(file(file));
            }
        } catch (IOException e) {
            throw InputException.cannot("read", "the pictures", e);
        }
        return shortened(digest.digest());
    }

    /** The sum of a file; nothing of one that is not there, or that could be read but once. */
    private static byte[] file(Path file) throws IOException {
        if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
            return new byte[1];
        }
        MessageDigest digest = sha256();
        try (InputStream in = Files.newInputStream(file);
                OutputStream out = new DigestOutputStream(OutputStream.nullOutputStream(), digest)) {
            in.transferTo(out);
        }
        return digest.digest();
    }

    /** The sum of a text. */
    static String sum(String text) {
        return shortened(sha256().digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static String shortened(byte[] sum) {
        return HexFormat.of().formatHex(sum, 0, BYTES);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e); // every Java has it
        }
    }

    /** As it stands in an output; empty for anything else. */
    static Optional<Fingerprint> parse(@Nullable Object written) {
        if (!(written instanceof String s)) {
            return Optional.empty();
        }
        Matcher parts = FORM.matcher(s);
        return parts.matches()
                ? Optional.of(new Fingerprint(parts.group(1), parts.group(2), parts.group(3), parts.group(4)))
                : Optional.empty();
    }

    /** What is not the same, in words; empty where all is. */
    String differences(Fingerprint other) {
        List<String> parts = new ArrayList<>();
        if (!request.equals(other.request)) {
            parts.add("the request");
        }
        if (!options.equals(other.options)) {
            parts.add("its options");
        }
        if (!pictures.equals(other.pictures)) {
            parts.add("its pictures");
        }
        if (!model.equals(other.model)) {
            parts.add("the model");
        }
        return String.join(" and ", parts);
    }

    @Override
    public String toString() {
        return request + "-" + options + "-" + pictures + "-" + model;
    }
}
