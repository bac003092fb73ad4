package dev.fovea.backend.cuda.device;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The text that the compiler gets of a module, and a sum that changes with all that the compiler sees. */
public final class KernelSources {
    /** How every module is compiled, whatever the architecture. No product and sum are fused unless the source says so. */
    static final List<String> OPTIONS = List.of("--std=c++17", "--fmad=false", "-diag-suppress=177");

    private static final Pattern INCLUDE = Pattern.compile("#include \"(\\w+)\\.cu\"");

    /** Where the sources and their archive are among the resources. */
    static final String FOLDER = "/dev/fovea/backend/cuda/";

    private KernelSources() {}

    /** Macros, prelude and source, with what it includes. Lines of the compiler's messages are those of the files. */
    public static String text(Kernel.Module module) {
        StringBuilder text = new StringBuilder();
        for (String macro : module.macros()) {
            text.append("#define ").append(macro.replaceFirst("=", " ")).append('\n');
        }
        return text.append(file("prelude")).append(file(module.source())).toString();
    }

    /** SHA-256 of options and text, as 64 hexadecimal digits. */
    static String sum(Kernel.Module module) {
        try {
            MessageDigest sum = MessageDigest.getInstance("SHA-256");
            sum.update(String.join("\n", OPTIONS).getBytes(StandardCharsets.UTF_8));
            sum.update((byte) 0);
            sum.update(text(module).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(sum.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java has it
        }
    }

    /** A file, and in place of each {@code #include "OTHER.cu"} that one. */
    private static String file(String name) {
        StringBuilder text = new StringBuilder();
        String begin = "#line %d \"" + name + ".cu\"\n";
        text.append(begin.formatted(1));
        int number = 1;
        for (String line : lines(name + ".cu")) {
            number++;
            Matcher include = INCLUDE.matcher(line);
            if (include.matches()) {
                text.append(file(include.group(1))).append(begin.formatted(number));
            } else {
                text.append(line).append('\n');
            }
        }
        return text.toString();
    }

    private static List<String> lines(String file) {
        try (InputStream in = KernelSources.class.getResourceAsStream(FOLDER + file)) {
            if (in == null) {
                throw new IllegalArgumentException("no resource " + FOLDER + file);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
