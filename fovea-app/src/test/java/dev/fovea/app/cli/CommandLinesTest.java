package dev.fovea.app.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.fovea.app.docs.Snippet;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every command line of README and docs has commands and options that there are. */
class CommandLinesTest {
    /** A line of a block, after a prompt or a pipe; or code in a sentence that ends in the same line. */
    private static final Pattern LINE =
            Pattern.compile("(?:^|^\\$ |\\| )(?:\\.{1,2}/)?fovea ([a-z]+ .*)|`(?:\\.{1,2}/)?fovea ([a-z]+ [^`]+)`");

    /** A word as a shell reads it: in quotes or bare. */
    private static final Pattern WORD = Pattern.compile("(?:'[^']*'|\"(?:\\\\.|[^\"])*\"|[^\\s'\"])+");

    static Stream<String> lines() {
        List<String> found = new ArrayList<>();
        for (Path page : Snippet.pages()) {
            List<String> lines = Snippet.read(page).lines().toList();
            for (int i = 0; i < lines.size(); i++) {
                // Shown because it fails.
                boolean fails = i + 1 < lines.size() && lines.get(i + 1).startsWith("fovea: ");
                Matcher m = LINE.matcher(lines.get(i));
                while (!fails && m.find()) {
                    found.add(m.group(1) == null ? m.group(2) : m.group(1));
                }
            }
        }
        assertThat(found).hasSizeGreaterThan(20);
        return found.stream().distinct();
    }

    @ParameterizedTest
    @MethodSource("lines")
    void parse(String line) {
        // "1|3" stands for either; a pipe or redirection ends the command.
        String alone = line.replaceAll("(\\w)\\|\\w+", "$1").replaceFirst(" [|>#] .*| +# .*", "");
        List<String> words = WORD.matcher(alone)
                .results()
                .map(m -> m.group().replaceAll("['\"]", ""))
                .toList();
        Console console =
                Console.of(InputStream.nullInputStream(), new ByteArrayOutputStream(), new ByteArrayOutputStream());
        assertThatCode(() -> Cli.parse(words.toArray(new String[0]), console)).doesNotThrowAnyException();
    }
}
