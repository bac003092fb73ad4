package dev.fovea.app.cli;

import static dev.fovea.app.cli.Shell.MODEL;
import static dev.fovea.app.cli.Shell.PICTURE;
import static dev.fovea.app.cli.Shell.fovea;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.app.Main;
import dev.fovea.error.InputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Help, completion, words that are nearly right, and lists of files. */
class UsageTest {
    @TempDir
    Path folder;

    @Test
    void whatComputesIsACommand() {
        assertThat(Cli.names()).containsAll(Cli.COMPUTING);
    }

    @Test
    void helpComesByCommandAndByOption() {
        assertThat(fovea("help").succeeds().out()).isEqualTo(fovea("--help").out());
        assertThat(fovea("help", "run").succeeds().out())
                .isEqualTo(fovea("run", "--help").out());
        fovea("help", "rnu").failsWith(2, "unknown command rnu", "did you mean run?");
    }

    @Test
    void optionsStandInGroups() {
        String help = fovea("run", "--help").succeeds().out();
        assertThat(help)
                .containsSubsequence(
                        "\nInput:\n", "--image", "\nProcessor:\n", "--min-pixels", "\nGeneration:\n", "--num-beams");
        assertThat(help).containsSubsequence("\nEngine:\n", "--threads", "\nOutput:\n", "--draw", "--quiet", "--help");
        assertThat(fovea("demo", "--help").out()).doesNotContain("Input:");
    }

    @Test
    void eachCommandIsSummedUpByAWholeSentence() {
        assertThat(fovea("--help").out().lines().filter(l -> l.matches("  [a-z]+ .*")))
                .hasSizeGreaterThan(10);
        assertThat(fovea("--help").out().replaceAll("\n {6,}", " ").lines().filter(l -> l.matches("  [a-z]+ .*")))
                .allMatch(l -> l.endsWith("."));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "rnu | did you mean run?",
                "trase | did you mean trace?",
                "run x hi --foramt json | did you mean --format",
                "run MODEL hi --generate num_beam=3 | unknown generation option num_beam; did you mean --num-beams?",
                "run FINDER --task DO --image PICTURE | did you mean OD",
                "run MODEL hi --max-new-tokens 3 --generate max_new_tokens=9 | --max-new-tokens is given twice",
                "run MODEL hi --min-pixels 3 --processor min-pixels=9 | --min-pixels is given twice"
            })
    void wordsThatAreNearlyRight(String line, String part) {
        String finder = "demo:finder";
        fovea(line.replace("MODEL", MODEL)
                        .replace("FINDER", finder)
                        .replace("PICTURE", PICTURE)
                        .split(" "))
                .failsWith(2, part);
    }

    @Test
    void aModelTypeThatIsNearlyRight() throws IOException {
        Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"gemma_3\"}");
        fovea("inspect", folder.toString()).failsWith(3, "did you mean gemma3");
    }

    @Test
    void moreAnswersThanAnybodyReadsAreASentence() {
        fovea("run", MODEL, "hi", "--do-sample", "--num-return-sequences", "1000000000")
                .failsWith(2, "--num-return-sequences is 1000000000", "from 1 to 4096");
    }

    @Test
    void severalFilesBehindOneOption() throws IOException {
        String a = Files.createFile(folder.resolve("a.png")).toString();
        String b = Files.createFile(folder.resolve("b b.jpg")).toString();
        String clip = Files.createDirectory(folder.resolve("clip")).toString();
        assertThat(FileLists.spread(
                        new String[] {"run", "m", "--image", a, b, "https://x.org/c.png", "What?", "--quiet"}))
                .containsExactly(
                        "run", "m", "--image", a, "--image", b, "--image", "https://x.org/c.png", "What?", "--quiet");
        assertThat(FileLists.spread(new String[] {"run", "--image", a, "org/model", "Why?"}))
                .as("the model is no file")
                .containsExactly("run", "--image", a, "org/model", "Why?");
        assertThat(FileLists.spread(new String[] {"run", "m", "--video", clip, clip, "--", "--image", a, b}))
                .containsExactly("run", "m", "--video", clip, "--video", clip, "--", "--image", a, b);
        assertThat(FileLists.spread(new String[] {"run", "m", "--image", a, "--", b}))
                .containsExactly("run", "m", "--image", a, "--", b);
        assertThatThrownBy(() -> FileLists.spread(new String[] {"run", "m", "--image", a, "lost.png"}))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("lost.png stands behind --image " + a)
                .hasMessageContaining("there is no such file; a PROMPT")
                .hasMessageContaining("behind --");
        fovea("run", MODEL, "--image", PICTURE, "*.png").failsWith(3, "*.png", "no such file");
    }

    @Test
    void severalPicturesAreSeen() {
        Shell.Result two = fovea(
                "run", MODEL, "--image", PICTURE, PICTURE, "Compare.", "--max-new-tokens", "2", "--format", "json");
        assertThat(String.valueOf(two.succeeds().json().get("prompt")).split("<\\|image_pad\\|>"))
                .hasSize(3);
    }

    @Test
    void aPictureWithoutAPromptIsDescribed() {
        Shell.Result result = fovea("run", MODEL, "--image", PICTURE, "--max-new-tokens", "2", "--format", "json");
        assertThat(String.valueOf(result.succeeds().json().get("prompt"))).contains("Describe this image.");
        assertThat(result.err()).contains("no PROMPT is given; asked is: Describe this image.");
    }

    /** What is loaded while options are read must not be the first to meet them: in a JVM of its own, as classes load once. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "isa | avx3 | expected one of avx2, avx512",
                "vectorBits | 100 | expected 128, 256 or 512",
                "gemm | fortran | expected auto, onednn or java"
            })
    void aPropertyThatIsWrongHasItsSentence(String property, String value, String expected) throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules",
                        "jdk.incubator.vector",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Dfovea." + property + "=" + value,
                        "-cp",
                        System.getProperty("java.class.path"),
                        Main.class.getName(),
                        "run",
                        MODEL,
                        "hi")
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isEqualTo(2);
        assertThat(said).contains("fovea." + property + " is \"" + value + "\"; " + expected);
    }

    @ParameterizedTest
    @CsvSource({"bash, bash -n", "zsh, zsh -n", "fish, fish -n"})
    void completionScriptsAreSound(String shell, String check) throws Exception {
        String script = fovea("completion", shell).succeeds().out();
        assertThat(script).contains("run", "doctor", "max-new-tokens", "no-do-sample", "format");
        Path file = Files.writeString(folder.resolve("completion"), script);
        if (isInstalled(shell)) {
            assertThat(said(List.of("sh", "-c", check + " " + file + " 2>&1"))).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "fovea ru, run",
        "fovea run x --form, --format",
        "fovea run x --no-do, --no-do-sample --no-do-pan-and-scan",
        "fovea run x --format j, json",
        "fovea help b, batch bench",
        "fovea run x --top-k 1, ''"
    })
    void bashCompletes(String line, String offers) throws Exception {
        Path file = Files.writeString(
                folder.resolve("completion"), fovea("completion", "bash").out());
        String ask = "source " + file + "; COMP_WORDS=(" + line
                + "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _fovea; printf '%s\\n' \"${COMPREPLY[@]}\"";
        List<String> said = said(List.of("bash", "-c", ask))
                .lines()
                .filter(l -> !l.isEmpty())
                .toList();
        assertThat(said).containsExactlyInAnyOrder(offers.isEmpty() ? new String[0] : offers.split(" "));
    }

    /** A page that tells a newcomer to run what is not there costs the first hour. */
    @Test
    void theTestsThatTheDocsNameExist() throws IOException {
        Path docs = Path.of("../docs/development.md");
        List<String> named = Pattern.compile("-Dtest=(\\w+)")
                .matcher(Files.readString(docs))
                .results()
                .map(m -> m.group(1))
                .distinct()
                .toList();
        assertThat(named).isNotEmpty();
        try (Stream<Path> core = Files.walk(Path.of("../fovea-core/src/test"));
                Stream<Path> app = Files.walk(Path.of("src/test"))) {
            assertThat(Stream.concat(core, app)
                            .map(f -> f.getFileName().toString().replace(".java", "")))
                    .containsAll(named);
        }
    }

    private static boolean isInstalled(String shell) throws Exception {
        return !said(List.of("sh", "-c", "command -v " + shell)).isEmpty();
    }

    private static String said(List<String> command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor(10, TimeUnit.SECONDS);
        return said;
    }
}
