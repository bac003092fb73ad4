package dev.fovea.app.cli;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.files.InputFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Where the requests of a batch come from: lines of JSON, or pictures that are all asked the same. */
final class BatchInput implements AutoCloseable {
    private final String name;
    private final RequestOptions options;
    private final Console console;
    private final List<Map<String, @Nullable Object>> requests;
    private Optional<Path> spool = Optional.empty();

    private BatchInput(
            String name, List<Map<String, @Nullable Object>> requests, RequestOptions options, Console console) {
        this.name = name;
        this.requests = requests;
        this.options = options;
        this.console = console;
    }

    /** @param named a JSONL file, or - for stdin */
    static BatchInput ofLines(String named, RequestOptions options, Console console) {
        if (!named.equals(InputOptions.STDIN)) {
            InputFile.check(Path.of(named));
        }
        return new BatchInput(named, List.of(), options, console);
    }

    /** @param requests each with an id of its own */
    static BatchInput ofRequests(
            List<Map<String, @Nullable Object>> requests, RequestOptions options, Console console) {
        return new BatchInput("", requests, options, console);
    }

    /** What stands before a line's number in messages. */
    String name() {
        return name.isEmpty() ? "--images" : name.equals(InputOptions.STDIN) ? "stdin" : name;
    }

    /** What stands before the places of some requests. */
    String placesOf(int count) {
        return name.isEmpty() ? "" : Quote.of(name()) + (count == 1 ? ", line " : ", lines ");
    }

    /** The file of requests, where there is one. */
    List<Path> files() {
        return isStream() || name.isEmpty() ? List.of() : List.of(Path.of(name));
    }

    private boolean isStream() {
        return name.equals(InputOptions.STDIN) || (!name.isEmpty() && !Files.isRegularFile(Path.of(name)));
    }

    /** Makes sure that the requests can be gone through more than once: those of a stream are copied into a file. */
    void hold() {
        if (!isStream() || spool.isPresent()) {
            return;
        }
        try {
            Path copy = Files.createTempFile("fovea-", ".jsonl");
            copy.toFile().deleteOnExit();
            try (InputStream in = stream()) {
                Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
            }
            spool = Optional.of(copy);
        } catch (IOException e) {
            throw InputException.cannot("read", name(), e);
        }
    }

    private InputStream stream() throws IOException {
        if (spool.isPresent()) {
            return Files.newInputStream(spool.get());
        }
        return name.equals(InputOptions.STDIN) ? JsonLines.unclosed(console.in()) : InputFile.open(Path.of(name));
    }

    /** Goes through the requests from the first, a stream that is not held but once. */
    void forEach(Consumer<BatchItem> action) {
        if (name.isEmpty()) {
            int number = 0;
            for (Map<String, @Nullable Object> request : requests) {
                action.accept(BatchItem.of("", ++number, request, options, Path.of("")));
            }
            return;
        }
        Path directory = InputOptions.directory(name);
        try (JsonLines lines = new JsonLines(stream(), name())) {
            for (Optional<JsonLines.Line> line = lines.next(); line.isPresent(); line = lines.next()) {
                action.accept(BatchItem.of(line.get(), options, directory));
            }
        } catch (IOException e) {
            throw InputException.cannot("read", name(), e);
        }
    }

    @Override
    public void close() {
        spool.ifPresent(copy -> copy.toFile().delete());
    }
}
