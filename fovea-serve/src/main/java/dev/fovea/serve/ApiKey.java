package dev.fovea.serve;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import dev.fovea.files.InputFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Who may ask. A client's files, its share of the queue and its encoded pictures are its own.
 *
 * @param name in logs and metrics
 * @param secret what the client sends: {@code Authorization: Bearer SECRET}
 * @param requestsAtOnce how many of its requests are taken at the same time, waiting ones included
 */
public record ApiKey(String name, String secret, int requestsAtOnce) {
    /** Without a limit of its own. */
    public static final int UNLIMITED = Integer.MAX_VALUE;

    private static final int SHORTEST = 8;

    public ApiKey {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(secret, "secret");
        if (!name.matches("[A-Za-z0-9._-]{1,64}")) {
            throw new OptionException("an API key has the name " + Quote.of(name)
                    + "; expected letters, digits, dots, dashes and underscores, at most 64");
        }
        if (!secret.matches("[\\x21-\\x7e]{" + SHORTEST + ",512}")) {
            throw new OptionException(
                    "the API key " + name + " has " + secret.length() + " characters, or some that no header may have",
                    "expected " + SHORTEST + " to 512 visible ASCII characters");
        }
        if (requestsAtOnce < 1) {
            throw new OptionException(
                    "the API key " + name + " may ask " + requestsAtOnce + " requests at once; expected at least 1");
        }
    }

    public ApiKey(String name, String secret) {
        this(name, secret, UNLIMITED);
    }

    /**
     * A file with one key a line: {@code NAME SECRET}, or {@code NAME SECRET REQUESTS_AT_ONCE}. Empty lines, and those that begin
     * with {@code #}, do not count.
     *
     * @throws InputException where the file cannot be read or a line is something else; no message quotes a secret
     */
    public static List<ApiKey> read(Path file) {
        return parse(InputFile.readText(file), file.toString());
    }

    /**
     * The lines of such a file.
     *
     * @param name of it, for messages
     * @throws InputException where a line is something else; no message quotes a secret
     */
    public static List<ApiKey> parse(String text, String name) {
        List<ApiKey> keys = new ArrayList<>();
        int number = 0;
        for (String line : text.lines().toList()) {
            number++;
            String[] words = line.strip().split("\\s+");
            if (words[0].isEmpty() || words[0].startsWith("#")) {
                continue;
            }
            if (words.length < 2 || words.length > 3 || (words.length == 3 && !words[2].matches("[1-9]\\d{0,8}"))) {
                throw new InputException(
                        "line " + number + " of " + Quote.of(name) + " is no API key",
                        "expected NAME SECRET, or NAME SECRET REQUESTS_AT_ONCE");
            }
            keys.add(new ApiKey(words[0], words[1], words.length == 3 ? Integer.parseInt(words[2]) : UNLIMITED));
        }
        if (keys.isEmpty()) {
            throw new InputException(
                    Quote.of(name) + " has no API key; the server would refuse everybody",
                    "give one a line: NAME SECRET");
        }
        return List.copyOf(keys);
    }

    /** Without the secret. */
    @Override
    public String toString() {
        return "ApiKey[" + name + "]";
    }
}
