package dev.fovea.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The server sees what every program sees: the public API, whose list stands in the core's pom, and two of its readers. */
class PublicApiAloneTest {
    private static final Set<String> READERS = Set.of("dev.fovea.io.Json", "dev.fovea.files.InputFile");

    @Test
    void importsThePublicApiAlone() throws IOException {
        String pom = Files.readString(Path.of("../fovea-core/pom.xml"));
        List<String> listed = Pattern.compile("<sourceFileInclude>dev/fovea/([^<]*)\\.java</sourceFileInclude>")
                .matcher(pom)
                .results()
                .map(m -> "dev.fovea." + m.group(1).replace('/', '.'))
                .toList();
        assertThat(listed).contains("dev.fovea.*", "dev.fovea.media.MediaPolicy");
        Set<String> others = new TreeSet<>();
        for (String name : imports()) {
            String folder = name.substring(0, name.lastIndexOf('.'));
            if (!listed.contains(name) && !listed.contains(folder + ".*") && !READERS.contains(name)) {
                others.add(name);
            }
        }
        assertThat(others).isEmpty();
    }

    private static Set<String> imports() throws IOException {
        Pattern line = Pattern.compile("(?m)^import (?:static )?(dev\\.fovea\\.(?:[a-z]\\w*\\.)*[A-Z]\\w*)");
        try (Stream<Path> sources = Files.walk(Path.of("src/main/java"))) {
            Set<String> all = new TreeSet<>();
            for (Path source :
                    sources.filter(f -> f.toString().endsWith(".java")).toList()) {
                all.addAll(line.matcher(Files.readString(source))
                        .results()
                        .map(PublicApiAloneTest::name)
                        .collect(Collectors.toSet()));
            }
            assertThat(all).hasSizeGreaterThan(10);
            return all;
        }
    }

    private static String name(MatchResult found) {
        return found.group(1);
    }
}
