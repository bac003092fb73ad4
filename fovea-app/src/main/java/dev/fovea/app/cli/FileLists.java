package dev.fovea.app.cli;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Several files behind one option, as a shell writes {@code --image *.jpg}: each further word that names a file, or an address, gets
 * the option of the first. The first that names none ends the list; it is the prompt, or the model.
 */
final class FileLists {
    private static final Set<String> OPTIONS = Set.of("--image", "--video", "--calibrate");
    private static final Pattern ADDRESS =
            Pattern.compile("(https?://|file:|data:).*", Pattern.DOTALL | Pattern.CASE_INSENSITIVE);

    /** A word that ends as names of files do. */
    private static final Pattern FILE_NAME = Pattern.compile("\\S*[^\\s.]\\.[A-Za-z]{2,5}");

    private FileLists() {}

    /**
     * The command line with an option for each file.
     *
     * @throws InputException where a word behind a list looks like a file's name, and there is no such file
     */
    static String[] spread(String[] args) {
        List<String> spread = new ArrayList<>();
        for (int i = 0; i < args.length; i++) {
            spread.add(args[i]);
            if (args[i].equals("--")) {
                spread.addAll(List.of(args).subList(i + 1, args.length));
                break;
            }
            if (OPTIONS.contains(args[i]) && i + 1 < args.length) {
                String option = args[i];
                spread.add(args[++i]);
                while (i + 1 < args.length && isListed(option, args[i + 1])) {
                    spread.add(option);
                    spread.add(args[++i]);
                }
                refuseLost(option, args, i);
            }
        }
        return spread.toArray(String[]::new);
    }

    private static boolean isListed(String option, String word) {
        return ADDRESS.matcher(word).matches()
                || (!option.equals("--video") ? word.equals("-") || isFile(word) : isClip(word));
    }

    private static boolean isFile(String word) {
        Path path = path(word);
        return path != null && Files.exists(path) && !Files.isDirectory(path);
    }

    /** A folder that is no model's. */
    private static boolean isClip(String word) {
        Path path = path(word);
        return path != null && Files.isDirectory(path) && !Files.exists(path.resolve("config.json"));
    }

    private static @Nullable Path path(String word) {
        try {
            return Path.of(word);
        } catch (InvalidPathException e) {
            return null; // then it is a text
        }
    }

    /** What was taken for a prompt would be a picture less in the answer, without a word. */
    private static void refuseLost(String option, String[] args, int last) {
        if (last + 1 == args.length) {
            return;
        }
        String next = args[last + 1];
        Path path = path(next);
        boolean exists = path != null && Files.exists(path);
        if (!exists && !next.startsWith("-") && FILE_NAME.matcher(next).matches()) {
            throw new InputException(
                    Quote.of(next) + " stands behind " + option + " " + Quote.of(args[last])
                            + " and was taken for one more file; there is no such file",
                    "a PROMPT that looks like a file's name goes before the options, or behind --");
        }
    }
}
