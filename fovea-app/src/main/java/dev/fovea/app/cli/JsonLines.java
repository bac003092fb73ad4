package dev.fovea.app.cli;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.files.InputFile;
import dev.fovea.io.Json;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * JSON objects, one a line. A line ends with a line feed, which a carriage return may precede; a carriage return alone ends none.
 * Blank lines are counted and passed over.
 */
final class JsonLines implements AutoCloseable {
    private final InputStream in;
    private final String name;
    private int number;
    private long offset;

    /**
     * @param number from 1
     * @param begin where it begins in the file, in bytes
     * @param end where what follows begins
     * @param ended whether it has its line feed
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Line(String source, int number, long begin, long end, byte[] bytes, boolean ended) {
        /** Where a message says it stands. */
        String where() {
            return Quote.of(source) + ", line " + number;
        }

        /** @throws InputException where it is no UTF-8 */
        String text() {
            return InputFile.text(bytes, "the line");
        }

        /** @throws InputException where it is no JSON object */
        Map<String, @Nullable Object> object() {
            return Json.object(Json.parse(text(), "the line"), "the line");
        }
    }

    /** @param in is closed with this */
    JsonLines(InputStream in, String name) {
        this.in = new BufferedInputStream(in, 1 << 16);
        this.name = name;
    }

    /** @param named a file, or - for stdin, which stays open */
    static JsonLines open(String named, Console console) {
        return named.equals(InputOptions.STDIN)
                ? new JsonLines(unclosed(console.in()), "stdin")
                : new JsonLines(InputFile.open(Path.of(named)), named);
    }

    /** A stream that stays open. */
    static InputStream unclosed(InputStream in) {
        return new FilterInputStream(in) {
            @Override
            public void close() {}
        };
    }

    /** The next line that is not blank. */
    Optional<Line> next() {
        try {
            for (Line line = read(); line.bytes().length > 0 || line.ended(); line = read()) {
                if (!isBlank(line.bytes())) {
                    return Optional.of(line);
                }
            }
            return Optional.empty();
        } catch (IOException e) {
            throw InputException.cannot("read", name, e);
        }
    }

    private Line read() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        long begin = offset;
        int c = in.read();
        for (; c >= 0 && c != '\n'; c = in.read()) {
            if (bytes.size() == InputFile.TEXT_BYTES) {
                throw new InputException("cannot read " + Quote.of(name) + ": its line " + (number + 1)
                        + " has more than " + InputFile.TEXT_BYTES + " bytes");
            }
            bytes.write(c);
        }
        boolean ended = c == '\n';
        offset += bytes.size() + (ended ? 1 : 0);
        number++;
        return new Line(name, number, begin, offset, bytes.toByteArray(), ended);
    }

    private static boolean isBlank(byte[] line) {
        for (byte b : line) {
            if (b != ' ' && b != '\t' && b != '\r') {
                return false;
            }
        }
        return true;
    }

    /**
     * What an output's line says in place of an answer.
     *
     * @param where the request stands; may be empty
     */
    static Map<String, Object> error(String where, Throwable failure) {
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("message", (where.isEmpty() ? "" : where + ": ") + ExitStatus.problem(failure));
        error.put("hint", ExitStatus.hint(failure));
        return error;
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            throw InputException.cannot("close", name, e);
        }
    }
}
