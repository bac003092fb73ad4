package dev.fovea.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The program uses the public API, the types of its signatures, and where models lie; it knows neither model families nor backends. */
class ImportsTest {
    private static final Pattern ALLOWED = Pattern.compile(
            "import dev\\.fovea\\.([A-Z]\\w*|app\\..*|error\\..*|files\\..*|generate\\..*|media\\..*|serve\\..*|text\\..*|hub\\.(CachedModel|PullOptions|PullProgress|Verdict)|io\\.(DemoModels|Json|ModelDirectory|ModelFingerprint)|models\\.(Inputs|Parsed)|tensor\\.DType);");

    @Test
    void onlyThePublicApi() throws IOException {
        List<String> imports;
        try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
            imports = files.filter(f -> f.toString().endsWith(".java"))
                    .flatMap(ImportsTest::imports)
                    .toList();
        }
        assertThat(imports).isNotEmpty().allMatch(ALLOWED.asMatchPredicate());
    }

    private static Stream<String> imports(Path file) {
        try {
            return Files.readAllLines(file).stream().filter(l -> l.startsWith("import dev.fovea."));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
