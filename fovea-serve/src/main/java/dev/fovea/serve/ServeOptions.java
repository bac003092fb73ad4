package dev.fovea.serve;

import dev.fovea.BatchOptions;
import dev.fovea.LoadOptions;
import dev.fovea.error.OptionException;
import dev.fovea.media.MediaPolicy;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * How a server listens, and what it takes.
 *
 * <pre>{@code
 * ServeOptions.DEFAULT.withPort(8080).withKeys(List.of(new ApiKey("shop", secret))).withMaxNewTokens(1024)
 * }</pre>
 *
 * <p>Immutable: each {@code with} method gives options that differ in one thing.
 */
public final class ServeOptions {
    /** Pictures of this many pixels are an ordinary camera's. */
    private static final long MAX_PIXELS = 64L << 20;

    /** On loopback, port 8000, without keys; media of public addresses and {@code data:} URIs. */
    public static final ServeOptions DEFAULT = new ServeOptions(new Values());

    private final Values values;

    /** Written only by {@link #with} before the options that hold it are made. */
    private static final class Values {
        String host = "127.0.0.1";
        int port = 8000;
        List<ApiKey> keys = List.of();
        List<String> origins = List.of();
        List<String> hostNames = List.of();
        MediaPolicy media = MediaPolicy.UNTRUSTED.withMaxPixels(MAX_PIXELS);
        LoadOptions load = LoadOptions.DEFAULT;
        BatchOptions batch = BatchOptions.DEFAULT.withRows(16).withQueue(128);
        int maxNewTokens = 4096;
        int maxMessages = 1024;
        int maxMedia = 64;
        long maxBodyBytes = 64L << 20;
        long maxFileBytes = 128L << 20;
        long maxFilesBytes = 2L << 30;
        int maxConnections = 4096;
        Duration deadline = Duration.ofMinutes(10);
        Duration grace = Duration.ofSeconds(30);
        Duration readerPatience = Duration.ofSeconds(30);
        Consumer<String> log = line -> System.getLogger("dev.fovea.serve").log(System.Logger.Level.INFO, line);

        Values copy() {
            Values v = new Values();
            v.host = host;
            v.port = port;
            v.keys = keys;
            v.origins = origins;
            v.hostNames = hostNames;
            v.media = media;
            v.load = load;
            v.batch = batch;
            v.maxNewTokens = maxNewTokens;
            v.maxMessages = maxMessages;
            v.maxMedia = maxMedia;
            v.maxBodyBytes = maxBodyBytes;
            v.maxFileBytes = maxFileBytes;
            v.maxFilesBytes = maxFilesBytes;
            v.maxConnections = maxConnections;
            v.deadline = deadline;
            v.grace = grace;
            v.readerPatience = readerPatience;
            v.log = log;
            return v;
        }
    }

    private ServeOptions(Values values) {
        this.values = values;
    }

    private ServeOptions with(Consumer<Values> change) {
        Values copy = values.copy();
        change.accept(copy);
        return new ServeOptions(copy);
    }

    private static long range(String what, long value, long min, long max) {
        if (value < min || value > max) {
            throw new OptionException(what + " is " + value + "; expected " + min + " to " + max);
        }
        return value;
    }

    private static Duration range(String what, Duration value, Duration min, Duration max) {
        if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
            throw new OptionException(
                    what + " is " + seconds(value) + "; expected " + seconds(min) + " to " + seconds(max) + " seconds");
        }
        return value;
    }

    private static String seconds(Duration value) {
        return BigDecimal.valueOf(value.toSeconds())
                .add(BigDecimal.valueOf(value.toNanosPart(), 9))
                .stripTrailingZeros()
                .toPlainString();
    }

    /** @param host a name or address of this machine: {@code 127.0.0.1}, or {@code 0.0.0.0} for all */
    public ServeOptions withHost(String host) {
        Objects.requireNonNull(host, "host");
        return with(v -> v.host = host);
    }

    /** @param port 0 for any that is free */
    public ServeOptions withPort(int port) {
        return with(v -> v.port = (int) range("port", port, 0, 65535));
    }

    /** @param keys of which one is asked for with every request; none for nobody being asked */
    public ServeOptions withKeys(List<ApiKey> keys) {
        Objects.requireNonNull(keys, "keys");
        List<ApiKey> copy = List.copyOf(keys);
        return with(v -> v.keys = copy);
    }

    /** @param origins of web pages that may ask: {@code https://app.example.org}; none but the server's own page otherwise */
    public ServeOptions withOrigins(List<String> origins) {
        Objects.requireNonNull(origins, "origins");
        for (String origin : origins) {
            if (!origin.matches("https?://[^/\\s*]+")) {
                throw new OptionException(
                        "the origin " + origin + " is none; expected https://HOST, or http://HOST:PORT");
            }
        }
        List<String> copy = List.copyOf(origins);
        return with(v -> v.origins = copy);
    }

    /** @param names by which clients know a server that listens on loopback without keys, beside {@code localhost} */
    public ServeOptions withHostNames(List<String> names) {
        Objects.requireNonNull(names, "names");
        List<String> copy = List.copyOf(names);
        return with(v -> v.hostNames = copy);
    }

    /** @param policy for pictures and clips that requests name */
    public ServeOptions withMedia(MediaPolicy policy) {
        Objects.requireNonNull(policy, "policy");
        return with(v -> v.media = policy);
    }

    /** @param options by which the server opens models that are given by name */
    public ServeOptions withLoad(LoadOptions options) {
        Objects.requireNonNull(options, "options");
        return with(v -> v.load = options);
    }

    /** @param options of the batch of each model: how many answers are made at once, how many requests wait, what is kept */
    public ServeOptions withBatch(BatchOptions options) {
        Objects.requireNonNull(options, "options");
        return with(v -> v.batch = options);
    }

    /** @param tokens of an answer at most, and where a request does not say */
    public ServeOptions withMaxNewTokens(int tokens) {
        return with(v -> v.maxNewTokens = (int) range("max_new_tokens", tokens, 1, 1 << 20));
    }

    /** @param messages of a conversation at most */
    public ServeOptions withMaxMessages(int messages) {
        return with(v -> v.maxMessages = (int) range("max_messages", messages, 1, 1 << 20));
    }

    /** @param count pictures and clips of a request at most */
    public ServeOptions withMaxMedia(int count) {
        return with(v -> v.maxMedia = (int) range("max_media", count, 0, 1 << 16));
    }

    /** @param bytes of a request's body at most, {@code data:} URIs included */
    public ServeOptions withMaxBodyBytes(long bytes) {
        return with(v -> v.maxBodyBytes = range("max_body_bytes", bytes, 1024, 1 << 30));
    }

    /** @param bytes of an uploaded file at most */
    public ServeOptions withMaxFileBytes(long bytes) {
        return with(v -> v.maxFileBytes = range("max_file_bytes", bytes, 1024, 1 << 30));
    }

    /** @param bytes of all uploaded files together at most */
    public ServeOptions withMaxFilesBytes(long bytes) {
        return with(v -> v.maxFilesBytes = range("max_files_bytes", bytes, 0, Long.MAX_VALUE));
    }

    /** @param connections that are open at the same time; further ones wait */
    public ServeOptions withMaxConnections(int connections) {
        return with(v -> v.maxConnections = (int) range("max_connections", connections, 1, 1 << 20));
    }

    /** @param whole of a request, from its last byte to its answer's */
    public ServeOptions withDeadline(Duration whole) {
        return with(v -> v.deadline = range("deadline", whole, Duration.ofMillis(1), Duration.ofDays(1)));
    }

    /** @param wait of a closing server for running answers */
    public ServeOptions withGrace(Duration wait) {
        return with(v -> v.grace = range("grace", wait, Duration.ZERO, Duration.ofHours(1)));
    }

    /** @param longest that a client may leave what it is sent lying, before its connection is cut */
    public ServeOptions withReaderPatience(Duration longest) {
        return with(
                v -> v.readerPatience = range("reader_patience", longest, Duration.ofMillis(1), Duration.ofHours(1)));
    }

    /** @param log gets a line for each request, without contents and keys, and one for each failure */
    public ServeOptions withLog(Consumer<String> log) {
        Objects.requireNonNull(log, "log");
        return with(v -> v.log = log);
    }

    String host() {
        return values.host;
    }

    int port() {
        return values.port;
    }

    /** Whether other machines may ask without a key. */
    public boolean isOpen() {
        return values.keys.isEmpty() && !Gate.isLoopback(values.host);
    }

    List<ApiKey> keys() {
        return values.keys;
    }

    List<String> origins() {
        return values.origins;
    }

    List<String> hostNames() {
        return values.hostNames;
    }

    MediaPolicy media() {
        return values.media;
    }

    LoadOptions load() {
        return values.load;
    }

    BatchOptions batch() {
        return values.batch;
    }

    int maxNewTokens() {
        return values.maxNewTokens;
    }

    int maxMessages() {
        return values.maxMessages;
    }

    int maxMedia() {
        return values.maxMedia;
    }

    long maxBodyBytes() {
        return values.maxBodyBytes;
    }

    long maxFileBytes() {
        return values.maxFileBytes;
    }

    long maxFilesBytes() {
        return values.maxFilesBytes;
    }

    int maxConnections() {
        return values.maxConnections;
    }

    Duration deadline() {
        return values.deadline;
    }

    Duration grace() {
        return values.grace;
    }

    Duration readerPatience() {
        return values.readerPatience;
    }

    Consumer<String> log() {
        return values.log;
    }
}
