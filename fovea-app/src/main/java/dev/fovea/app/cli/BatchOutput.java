package dev.fovea.app.cli;

import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import dev.fovea.error.Reason;
import dev.fovea.files.OutputFile;
import dev.fovea.io.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The answers of a batch: a file that belongs to one run at a time, and tells what earlier runs did; or a stream. A file with
 * anything but answers in it is left alone.
 */
final class BatchOutput implements AutoCloseable {
    private static final String OTHER = "give another --output; --overwrite replaces the file";

    private final String name;
    private final Optional<LockedFile> file;
    private final Optional<OutputStream> stream;
    private final List<Earlier> earlier = new ArrayList<>();
    private String tail = "";
    private boolean endsLine = true;

    /**
     * An answer that an earlier run wrote.
     *
     * @param number of its line, from 1
     * @param begin of the line in the file, in bytes
     * @param end of the line without its line feed
     * @param id as it is compared
     * @param requestLine of the input as it was
     */
    record Earlier(
            int number, long begin, long end, String id, int requestLine, Fingerprint fingerprint, boolean failed) {}

    private BatchOutput(String name, Optional<LockedFile> file, Optional<OutputStream> stream) {
        this.name = name;
        this.file = file;
        this.stream = stream;
    }

    /** @throws FoveaException where nothing can be written there, another run does so, or it holds what is no answer */
    static BatchOutput open(String named, List<Path> inputs, OverwriteOption overwrite, Console console) {
        if (Target.isStdout(named)) {
            return new BatchOutput("stdout", Optional.empty(), Optional.of(console.answers()));
        }
        OutputFile gate = OutputFile.of(Path.of(named)).sparing(inputs);
        gate.check();
        try {
            Path target = gate.target();
            if (Files.exists(target) && !Files.isRegularFile(target)) {
                return new BatchOutput(named, Optional.empty(), Optional.of(Files.newOutputStream(target)));
            }
            LockedFile file = LockedFile.open(target);
            BatchOutput output = new BatchOutput(named, Optional.of(file), Optional.empty());
            try {
                output.readEarlier(file.channel(), overwrite);
            } catch (IOException | RuntimeException e) {
                output.close();
                throw e;
            }
            return output;
        } catch (IOException e) {
            throw InputException.cannot("write", named, e);
        }
    }

    /** Whether it can hold answers of earlier runs. */
    boolean isFile() {
        return file.isPresent();
    }

    String name() {
        return name;
    }

    List<Earlier> earlier() {
        return earlier;
    }

    private void readEarlier(FileChannel channel, OverwriteOption overwrite) throws IOException {
        if (overwrite.given) {
            if (channel.size() > 0) {
                rewrite(List.of());
            }
            return;
        }
        InputStream in = JsonLines.unclosed(Channels.newInputStream(channel.position(0)));
        JsonLines lines = new JsonLines(in, name);
        for (Optional<JsonLines.Line> next = lines.next(); next.isPresent(); next = lines.next()) {
            JsonLines.Line line = next.get();
            Optional<Earlier> answer = answer(line);
            if (answer.isPresent()) {
                earlier.add(answer.get());
                endsLine = line.ended();
            } else if (line.ended()) {
                throw foreign("its line " + line.number() + " is no answer of fovea batch");
            } else {
                tail = new String(line.bytes(), StandardCharsets.UTF_8);
            }
        }
    }

    private OptionException foreign(String why) {
        return new OptionException("cannot write " + Quote.of(name) + ": it exists, and " + why, OTHER);
    }

    private static Optional<Earlier> answer(JsonLines.Line line) {
        try {
            Map<String, @Nullable Object> json = line.object();
            return json.get("line") instanceof Long number && json.containsKey("id")
                    ? Fingerprint.parse(json.get("fingerprint"))
                            .map(f -> new Earlier(
                                    line.number(),
                                    line.begin(),
                                    line.begin() + line.bytes().length,
                                    Json.write(json.get("id")),
                                    number.intValue(),
                                    f,
                                    json.containsKey("error")))
                    : Optional.empty();
        } catch (InputException e) {
            return Optional.empty();
        }
    }

    /**
     * Makes the file ready for more answers: drops some of the earlier ones, and what an interruption left of the last.
     *
     * @param heads how lines of these requests begin
     * @throws OptionException where the file ends with something else
     */
    void prepare(Set<Earlier> dropped, Set<String> heads) {
        if (!tail.isEmpty() && heads.stream().noneMatch(h -> tail.startsWith(h) || h.startsWith(tail))) {
            throw foreign("its last line is no answer of fovea batch, nor the beginning of one");
        }
        if (file.isEmpty()) {
            return;
        }
        try {
            FileChannel channel = file.get().channel();
            if (!dropped.isEmpty()) {
                rewrite(earlier.stream().filter(e -> !dropped.contains(e)).toList());
            } else if (!tail.isEmpty()) {
                channel.truncate(earlier.isEmpty() ? 0 : earlier.getLast().end() + 1);
            } else if (!endsLine) {
                append("\n");
            }
        } catch (IOException e) {
            throw InputException.cannot("write", name, e);
        }
    }

    private void rewrite(List<Earlier> kept) throws IOException {
        FileChannel former = file.orElseThrow().channel();
        file.orElseThrow().replace(out -> {
            for (Earlier answer : kept) {
                InputStream line = Channels.newInputStream(former.position(answer.begin()));
                out.write(line.readNBytes((int) (answer.end() - answer.begin())));
                out.write('\n');
            }
        });
    }

    /** Appends an answer in one write, so that an interruption can tear the last line only. */
    void write(Map<String, @Nullable Object> answer) {
        try {
            append(Json.write(answer) + "\n");
        } catch (IOException e) {
            throw new InputException(
                    "cannot write " + Quote.of(name) + ": " + Reason.of(e),
                    file.isPresent() ? "it has the answers up to here; started again, a run goes on behind them" : "",
                    e);
        }
    }

    /** All of it, or nothing: a disk that fills up does not leave half a line. */
    private void append(String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (stream.isPresent()) {
            stream.get().write(bytes);
            stream.get().flush();
            return;
        }
        FileChannel channel = file.orElseThrow().channel();
        long end = channel.size();
        try {
            ByteBuffer left = ByteBuffer.wrap(bytes);
            channel.position(end);
            while (left.hasRemaining()) {
                channel.write(left);
            }
        } catch (IOException e) {
            channel.truncate(end);
            throw e;
        }
    }

    @Override
    public void close() {
        try {
            if (file.isPresent()) {
                file.get().close();
            }
            if (stream.isPresent()) {
                stream.get().close();
            }
        } catch (IOException e) {
            throw InputException.cannot("close", name, e);
        }
    }
}
