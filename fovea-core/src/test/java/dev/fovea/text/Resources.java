package dev.fovea.text;

import dev.fovea.io.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/** The files of the test resources that these tests read. */
final class Resources {
    private Resources() {}

    static Path path(String name) {
        URL url = Objects.requireNonNull(Resources.class.getResource("/" + name), name);
        try {
            return Path.of(url.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The folders of the parity kit: {@code oracle/<family>/<variant>}. */
    static List<Path> kit() {
        try (Stream<Path> all = Files.walk(path("oracle"), 2)) {
            return all.filter(p -> Files.isRegularFile(p.resolve("cases.json")))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<Map<String, @Nullable Object>> cases(Path variant) {
        return Json.array(Json.parse(variant.resolve("cases.json")), "cases.json").stream()
                .map(c -> Json.object(c, "a case"))
                .toList();
    }

    /** A copy of {@code tokenizers/<name>} in a folder, its .gz files unpacked. */
    static Path tokenizer(String name, Path into) {
        try (Stream<Path> files = Files.list(path("tokenizers/" + name))) {
            for (Path file : files.toList()) {
                String fileName = file.getFileName().toString();
                if (fileName.endsWith(".gz")) {
                    try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
                        Files.copy(in, into.resolve(fileName.substring(0, fileName.length() - 3)));
                    }
                } else {
                    Files.copy(file, into.resolve(fileName));
                }
            }
            return into;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static int[] ints(@Nullable Object list) {
        return Json.array(list, "ids").stream()
                .mapToInt(i -> ((Long) Objects.requireNonNull(i)).intValue())
                .toArray();
    }
}
