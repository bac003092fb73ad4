package dev.fovea.app.cli;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.io.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Requests and answers, a line each, in the same order. So an output file says how far an earlier run came: its line n answers
 * request n. A last line without its end is what an interrupted run left, and is written again.
 */
final class BatchFiles implements AutoCloseable {
    private final Path answersPath;
    private final BufferedReader requests;
    private final RandomAccessFile answers;
    private final int total;
    private int done;
    private int failed;

    private BatchFiles(Path requestsPath, Path answersPath) throws IOException {
        this.answersPath = answersPath;
        total = count(requestsPath);
        requests = reader(requestsPath);
        answers = new RandomAccessFile(answersPath.toFile(), "rw");
    }

    /**
     * @throws InputException where a file cannot be read or written, or the output answers other requests than these
     * @throws OptionException where both are one file
     */
    static BatchFiles open(Path requests, Path answers) {
        try {
            if (!Files.isRegularFile(requests)) {
                throw new InputException("there is no file " + requests + " with requests");
            }
            if (Files.exists(answers) && Files.isSameFile(requests, answers)) {
                throw new OptionException("--input and --output are both " + requests);
            }
            BatchFiles files = new BatchFiles(requests, answers);
            try {
                files.resume();
            } catch (IOException | RuntimeException e) {
                files.close();
                throw e;
            }
            return files;
        } catch (IOException e) {
            throw new InputException("cannot open " + requests + " and " + answers + ": " + e, "", e);
        }
    }

    /** Requests in the file. */
    int total() {
        return total;
    }

    /** Requests that have their line in the output. */
    int done() {
        return done;
    }

    /** Of these, requests whose line is an error. */
    int failed() {
        return failed;
    }

    /** The next request, as it stands in the file. */
    Optional<String> next() {
        try {
            String line = requests.readLine();
            while (line != null && line.isBlank()) {
                line = requests.readLine();
            }
            return Optional.ofNullable(line);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the requests", e);
        }
    }

    /** Appends an answer in one write, so that an interruption can tear the last line only. */
    void write(Map<String, @Nullable Object> answer) {
        try {
            answers.write((Json.write(answer) + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + answersPath, e);
        }
        count(answer);
    }

    /** The id of a request or answer; null where it has none or is no JSON object. */
    static @Nullable Object id(String line) {
        try {
            return Json.parse(line, "a line") instanceof Map<?, ?> map ? map.get("id") : null;
        } catch (InputException e) {
            return null;
        }
    }

    /** Passes over the requests that are answered. */
    private void resume() throws IOException {
        long end = 0;
        try (BufferedReader earlier = reader(answersPath)) {
            StringBuilder line = new StringBuilder();
            for (int c = earlier.read(); c >= 0; c = earlier.read()) {
                line.append((char) c);
                if (c == '\n') {
                    end += line.toString().getBytes(StandardCharsets.UTF_8).length;
                    check(line.toString());
                    line.setLength(0);
                }
            }
        }
        answers.setLength(end);
        answers.seek(end);
    }

    private void check(String line) {
        String hint = "give another --output, or delete this one";
        String where = answersPath + ", line " + (done + 1);
        Map<String, @Nullable Object> answer = Json.object(Json.parse(line, where), where);
        String request = next().orElseThrow(() -> new InputException(
                answersPath + " has more answers than the " + total + " requests of the input", hint));
        if (!Objects.equals(answer.get("id"), id(request))) {
            throw new InputException(
                    where + " answers the request " + Json.write(answer.get("id")) + "; the input has "
                            + Json.write(id(request))
                            + " in that place: it was changed since, or the output is another's",
                    hint);
        }
        count(answer);
    }

    private void count(Map<String, @Nullable Object> answer) {
        done++;
        failed += answer.containsKey("error") ? 1 : 0;
    }

    private static int count(Path file) throws IOException {
        try (BufferedReader lines = reader(file)) {
            return (int) lines.lines().filter(l -> !l.isBlank()).count();
        }
    }

    /** Malformed UTF-8 becomes U+FFFD: it spoils its request, not the run. */
    private static BufferedReader reader(Path file) throws IOException {
        return new BufferedReader(new InputStreamReader(Files.newInputStream(file), StandardCharsets.UTF_8));
    }

    @Override
    public void close() {
        try {
            requests.close();
            answers.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close " + answersPath, e);
        }
    }
}
