package dev.fovea.app.docs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A piece of code that a reader may copy.
 *
 * @param where file and line
 */
public record Snippet(String where, String code) {
    static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    private static final Pattern JAVADOC = Pattern.compile("<pre>\\{@code(.*?)}</pre>", Pattern.DOTALL);
    private static final Pattern TASK = Pattern.compile("\"<[A-Z_]+>");

    /** The fenced blocks of a language, in all pages; the empty language is that of command lines. */
    static List<Snippet> ofPages(String language) {
        List<Snippet> snippets = new ArrayList<>();
        for (Path page : pages()) {
            List<String> lines = read(page).lines().toList();
            for (int i = 0; i < lines.size(); i++) {
                if (!lines.get(i).startsWith("```")) {
                    continue;
                }
                int start = i + 1;
                int end = start + lines.subList(start, lines.size()).indexOf("```");
                if (lines.get(i).equals("```" + language)) {
                    snippets.add(new Snippet(
                            ROOT.relativize(page) + ":" + start, String.join("\n", lines.subList(start, end))));
                }
                i = end;
            }
        }
        return snippets;
    }

    /** The examples in the Javadoc of the public API. */
    static List<Snippet> ofJavadoc() {
        List<Snippet> snippets = new ArrayList<>();
        for (Path file : publicSources()) {
            String source = read(file);
            Matcher m = JAVADOC.matcher(source);
            while (m.find()) {
                long line = source.substring(0, m.start()).lines().count();
                String code = m.group(1).replaceAll("(?m)^ *\\* ?", "").strip();
                snippets.add(new Snippet(
                        file.getFileName() + ":" + line,
                        code.endsWith(";") || code.endsWith("}") ? code : "Object _ = " + code + ";"));
            }
        }
        return snippets;
    }

    /** A source file of its own, not a part of a method. */
    boolean isFile() {
        return code.startsWith("import ");
    }

    /** Whether it is for a model with tasks. */
    boolean needsTasks() {
        return TASK.matcher(code).find() || where.contains("florence2");
    }

    /** README and docs. */
    public static List<Path> pages() {
        try (Stream<Path> docs = Files.list(ROOT.resolve("docs"))) {
            return Stream.of(
                            Stream.of(ROOT.resolve("README.md"), ROOT.resolve("demo/README.md")),
                            docs.filter(f -> f.toString().endsWith(".md")).sorted())
                    .flatMap(files -> files)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The root package, and what PublicApiTest of the core says users meet beside it and has an example. */
    private static List<Path> publicSources() {
        Path core = ROOT.resolve("fovea-core/src/main/java/dev/fovea");
        try (Stream<Path> root = Files.list(core);
                Stream<Path> errors = Files.list(core.resolve("error"))) {
            return Stream.of(
                            root,
                            errors,
                            Stream.of(
                                            "generate/GenerationConfig",
                                            "generate/Listener",
                                            "generate/LogitsProcessor",
                                            "media/DecodedImage",
                                            "media/ImageSource",
                                            "media/VideoSource",
                                            "models/Parsed",
                                            "models/florence2/Locations",
                                            "text/ChatTemplateOptions",
                                            "text/StreamingDetokenizer",
                                            "text/Tokenizer")
                                    .map(name -> core.resolve(name + ".java")))
                    .flatMap(files -> files)
                    .filter(f -> f.toString().endsWith(".java"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
