package dev.fovea.app.cli;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.media.NaturalOrder;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Stream;

/**
 * Files by patterns: {@code *}, {@code ?}, {@code [ab]}, {@code {jpg,png}}, and {@code **} for any number of folders, none included.
 * Hidden files and folders are for patterns that name their dot, as in a shell. Folders behind links are not searched by {@code **}.
 */
final class PictureFiles {
    private static final Pattern WILD = Pattern.compile("[*?\\[{]");

    private PictureFiles() {}

    /**
     * The files, each once, in the natural order of their names.
     *
     * @param named files and patterns; the name of a file is not taken for a pattern
     * @throws InputException where one of them gives no file
     */
    static List<String> of(String option, Collection<String> named) {
        TreeSet<String> all = new TreeSet<>(NaturalOrder.OF_TEXTS);
        for (String name : named) {
            Path path = Path.of(Completion.path(name));
            if (Files.exists(path) && !Files.isDirectory(path)) {
                all.add(path.toString());
            } else {
                all.addAll(matches(option, name, path));
            }
        }
        return List.copyOf(all);
    }

    private static List<String> matches(String option, String name, Path pattern) {
        Path root = pattern.getRoot();
        Path start = root == null ? Path.of("") : root;
        List<String> segments = Stream.iterate(0, i -> i < pattern.getNameCount(), i -> i + 1)
                .map(i -> pattern.getName(i).toString())
                .toList();
        List<String> found;
        try {
            found = matches(start, segments)
                    .filter(Files::isRegularFile)
                    .map(Path::toString)
                    .toList();
        } catch (IOException e) {
            throw InputException.cannot("search", name, e);
        } catch (PatternSyntaxException e) {
            throw new InputException(option + " " + Quote.of(name) + " is no pattern: " + e.getDescription(), "", e);
        }
        if (found.isEmpty()) {
            throw noFile(option, name, pattern);
        }
        return found;
    }

    private static InputException noFile(String option, String name, Path path) {
        if (Files.isDirectory(path)) {
            return new InputException(
                    option + " " + Quote.of(name) + " is a folder; expected files",
                    "'" + Quote.of(path.resolve("*.jpg")) + "' takes the pictures in it, '"
                            + Quote.of(path.resolve("**").resolve("*.jpg")) + "' those in all its folders");
        }
        return new InputException(
                option + " " + Quote.of(name) + (WILD.matcher(name).find() ? " matches no file" : " is no file"),
                "looked in " + Quote.of(Path.of("").toAbsolutePath()));
    }

    private static Stream<Path> matches(Path folder, List<String> segments) throws IOException {
        String segment = segments.getFirst();
        List<String> rest = segments.subList(1, segments.size());
        if (segment.equals("**")) {
            List<String> again = rest.isEmpty() ? List.of("*") : rest;
            return Stream.concat(
                    matches(folder, again),
                    flat(list(folder).stream().filter(PictureFiles::isOwnFolder), f -> matches(f, segments)));
        }
        if (!WILD.matcher(segment).find()) {
            Path next = folder.resolve(segment);
            return rest.isEmpty() ? Stream.of(next) : Files.isDirectory(next) ? matches(next, rest) : Stream.empty();
        }
        PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + segment);
        Stream<Path> here = list(folder).stream()
                .filter(f -> matcher.matches(f.getFileName()) && (segment.startsWith(".") || !isHidden(f)));
        return rest.isEmpty() ? here : flat(here.filter(Files::isDirectory), f -> matches(f, rest));
    }

    @FunctionalInterface
    private interface Search {
        Stream<Path> in(Path folder) throws IOException;
    }

    private static Stream<Path> flat(Stream<Path> folders, Search search) throws IOException {
        Stream.Builder<Path> all = Stream.builder();
        for (Path folder : folders.toList()) {
            search.in(folder).forEach(all);
        }
        return all.build();
    }

    private static boolean isOwnFolder(Path folder) {
        return Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS) && !isHidden(folder);
    }

    private static boolean isHidden(Path file) {
        return file.getFileName().toString().startsWith(".");
    }

    private static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}
