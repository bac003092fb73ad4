package dev.fovea.app.cli;

import static dev.fovea.app.cli.Shell.MODEL;
import static dev.fovea.app.cli.Shell.PICTURE;
import static dev.fovea.app.cli.Shell.fovea;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.Model.OptionSpec;

/** What is wrong with an option is said in the words of the command line. */
class OptionWordsTest {
    private static final List<String> BAD = List.of("-1", "x");

    /** Of Java, of requests in JSON, of the parser. */
    private static final Pattern FOREIGN = Pattern.compile(
            "\\bint\\b|\\bdouble\\b|\\blong\\b|Infinity|\\bnull\\b|the request's|processor options|option option|case-sensitive"
                    + "|\\b(?!load_image|qwen_vl_utils|stored_tokens)[a-z]+_[a-z_]+\\b");

    /** Options whose message is about the thing that they name. */
    private static final Set<String> NAMED_OTHERWISE = Set.of(
            "--api-key", "--cors", "--host", "--chat-template", "--token-name", "--to", "--stop", "--json-schema");

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "run MODEL hi --image PICTURE",
                "chat MODEL",
                "serve FOLDER/none",
                "bench FOLDER/none",
                "eval FOLDER/none --against FOLDER/none",
                "inspect MODEL",
                "tokenize MODEL hi",
                "pull FOLDER/none",
                "quantize FOLDER/none --to FOLDER/small"
            })
    void ofEachOption(String start) {
        List<String> line = List.of(start.replace("MODEL", MODEL)
                .replace("PICTURE", PICTURE)
                .replace("FOLDER", folder.toString())
                .split(" "));
        Console nobody =
                Console.of(InputStream.nullInputStream(), new ByteArrayOutputStream(), new ByteArrayOutputStream());
        int refused = 0;
        for (OptionSpec option : Cli.spec(line.getFirst(), nobody).options()) {
            if (option.arity().max() > 0 && !line.contains(option.longestName())) {
                for (String value : BAD) {
                    refused += isRefusedWell(line, option.longestName(), value) ? 1 : 0;
                }
            }
        }
        assertThat(refused).isPositive();
    }

    private boolean isRefusedWell(List<String> start, String option, String value) {
        List<String> line = new ArrayList<>(start);
        line.addAll(List.of(option, value));
        Shell.Result result = fovea(line.toArray(String[]::new));
        String said = result.err().replace(MODEL, "").replace(PICTURE, "").replace(folder.toString(), "");
        assertThat(said)
                .as(String.join(" ", line))
                .doesNotContainPattern(FOREIGN)
                .doesNotContain("internal error");
        assertThat(result.status()).as(said).isIn(0, 2, 3, 4);
        if (result.status() == 2 && !NAMED_OTHERWISE.contains(option)) {
            assertThat(said).as(String.join(" ", line)).contains(option);
        }
        return result.status() == 2;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "run MODEL hi --temperature -1 | --temperature is -1; expected a number of at least 0",
                "run MODEL hi --top-p 1.5 | --top-p is 1.5; expected a number from 0 to 1",
                "run MODEL hi --generate top_k=-1 | --generate top_k is -1; expected an integer of at least 0",
                "run MODEL hi --generate top-k=-1 | --generate top-k is -1; expected an integer of at least 0",
                "run MODEL hi --do-sample --temperature 0 | --temperature is 0 with --do-sample; expected a number above 0; switch"
                        + " --do-sample off for a greedy search",
                "chat MODEL --num-return-sequences 2 --do-sample | --num-return-sequences is 2; a conversation",
                "run MODEL hi --max-new-tokens 3 --generate max_new_tokens=9 | --max-new-tokens is given twice: by its own option"
                        + " as 3, and by --generate max_new_tokens=9",
                "run MODEL hi --min-pixels 0 --image PICTURE | --min-pixels is 0; expected a number of at least 1",
                "run MODEL hi --threads -1 | --threads is -1; expected 1 to 1024",
                "run MODEL hi --dtype int8 | --dtype is \"int8\"; expected auto",
                "run MODEL hi --top-k many | option '--top-k': expected a whole number but was 'many'",
                "run MODEL hi --top-p NaN | option '--top-p': expected a number but was 'NaN'",
                "run MODEL hi --format yaml | option '--format': expected one of text, json but was 'yaml'",
                "serve none --parallel 0 | --parallel is 0; expected 1 or more",
                "serve none --deadline 0 | --deadline is 0; expected 0.001 to 86400 seconds",
                "serve none --grace -1 | --grace is -1; expected 0 to 3600 seconds"
            })
    void asTyped(String line, String said) {
        fovea(line.replace("MODEL", MODEL).replace("PICTURE", PICTURE).split(" "))
                .failsWith(2, said);
    }

    /** One wrong option is one refusal, not a file of failures. */
    @Test
    void aBatchIsNotBegunWithAWrongOption() {
        Path answers = folder.resolve("answers.jsonl");
        fovea("batch", MODEL, "hi", "--images", PICTURE, "--output", answers.toString(), "--temperature", "-1")
                .failsWith(2, "--temperature is -1");
        assertThat(answers).doesNotExist();
    }

    /** What a file says keeps the file's words. */
    @Test
    void ofARequestInAFile() throws IOException {
        Path request = Files.writeString(folder.resolve("r.json"), "{\"text\": \"hi\", \"generate\": {\"top_k\": -1}}");
        fovea("run", MODEL, "--request", request.toString()).failsWith(3, "the request's generate: top_k is -1");
        fovea("run", MODEL, "--request", request.toString(), "--temperature", "1")
                .failsWith(3, "the request's generate: top_k is -1");
    }

    @Test
    void ofAFileThatAnOptionNames() throws IOException {
        Path tools = Files.writeString(folder.resolve("tools.json"), "\"x\"");
        fovea("run", MODEL, "hi", "--tools", tools.toString()).failsWith(3, "--tools is a string; expected an array");
    }

    @Test
    void warnings() {
        assertThat(fovea("run", MODEL, "hi", "--length-penalty", "2", "--max-new-tokens", "1")
                        .succeeds()
                        .err())
                .isEqualTo("fovea: --length-penalty has no effect without --num-beams above 1\n");
    }
}
