package dev.fovea;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The types that users are promised: those that the Javadoc jar holds, by the list in pom.xml. */
final class PublicApi {
    private static final Pattern INCLUDE = Pattern.compile("<sourceFileInclude>(.*)</sourceFileInclude>");
    static final Path SOURCES = Path.of("src/main/java");

    private PublicApi() {}

    /** Public top-level classes. */
    static Set<Class<?>> types() {
        return sources().stream()
                .map(PublicApi::load)
                .filter(c -> java.lang.reflect.Modifier.isPublic(c.getModifiers()))
                .collect(Collectors.toCollection(() -> new TreeSet<>(java.util.Comparator.comparing(Class::getName))));
    }

    /** Their files, relative to {@link #SOURCES}. */
    static List<Path> sources() {
        List<String> includes;
        try {
            includes = INCLUDE.matcher(Files.readString(Path.of("pom.xml")))
                    .results()
                    .map(m -> m.group(1))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return includes.stream().flatMap(PublicApi::files).toList();
    }

    private static Stream<Path> files(String include) {
        if (!include.endsWith("/*.java")) {
            return Stream.of(Path.of(include));
        }
        Path folder = SOURCES.resolve(include).getParent();
        try (Stream<Path> files = Files.list(folder)) {
            return files
                    .filter(f -> f.toString().endsWith(".java") && !f.endsWith("package-info.java"))
                    .map(SOURCES::relativize)
                    .toList()
                    .stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Class<?> load(Path file) {
        String name = file.toString()
                .replace(".java", "")
                .replace(file.getFileSystem().getSeparator(), ".");
        try {
            return Class.forName(name);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("pom.xml names " + file + ", which is no class", e);
        }
    }
}
