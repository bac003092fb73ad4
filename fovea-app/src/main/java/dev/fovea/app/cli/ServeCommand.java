package dev.fovea.app.cli;

import dev.fovea.BatchOptions;
import dev.fovea.error.OptionException;
import dev.fovea.serve.ApiKey;
import dev.fovea.serve.FoveaServer;
import dev.fovea.serve.ServeOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The HTTP server. */
@Command(
        name = "serve",
        description = "Serves models over HTTP, for every client that speaks OpenAI's protocol.",
        sortOptions = false,
        abbreviateSynopsis = true,
        footer = {
            "",
            "Examples:",
            "  fovea serve demo demo:finder",
            "  fovea serve Qwen/Qwen2.5-VL-3B-Instruct --port 8080 --api-keys keys.txt",
            "  curl http://127.0.0.1:8000/v1/models"
        })
final class ServeCommand implements Callable<Integer> {
    /** Helidon's, whose words about its features and sockets are no user's; kept, or it would be forgotten with its level. */
    private static final Logger HELIDON = Logger.getLogger("io.helidon");

    private static final String KEY = "FOVEA_API_KEY";

    @Parameters(
            index = "0..*",
            arity = "1..*",
            paramLabel = "MODEL",
            description = "Models, each under its name, or under another one: NAME=MODEL.")
    List<String> models = List.of();

    @Option(
            names = "--host",
            paramLabel = "HOST",
            description = "Address to listen on; 0.0.0.0 for all (default: ${DEFAULT-VALUE}).")
    String host = "127.0.0.1";

    @Option(
            names = "--port",
            paramLabel = "N",
            description = "Port; 0 for any that is free (default: ${DEFAULT-VALUE}).")
    int port = 8000;

    @Option(
            names = "--api-key",
            paramLabel = "KEY",
            description =
                    "What clients must send; others on this machine can read it (default: $FOVEA_API_KEY, else none).")
    Optional<String> apiKey = Optional.empty();

    @Option(
            names = "--api-keys",
            paramLabel = "FILE",
            description = "Keys of several clients, one a line: NAME KEY [REQUESTS_AT_ONCE]; - is stdin.")
    Optional<String> apiKeys = Optional.empty();

    @Option(
            names = "--cors",
            paramLabel = "ORIGIN",
            description = "Web pages that may ask, as https://app.example.org; repeatable (default: none).")
    List<String> origins = List.of();

    @Option(
            names = "--host-name",
            paramLabel = "NAME",
            description =
                    "Under which clients know a server on loopback without keys; repeatable (default: localhost).")
    List<String> hostNames = List.of();

    @Option(
            names = "--parallel",
            paramLabel = "N",
            description = "Rows of a model that are decoded at once: answers, or beams (default: ${DEFAULT-VALUE}).")
    int parallel = 16;

    @Option(
            names = "--queue",
            paramLabel = "N",
            description = "Answers of a model that wait; further requests get a 429 (default: ${DEFAULT-VALUE}).")
    int queue = 128;

    @Option(
            names = "--keep-prefixes",
            paramLabel = "MIB",
            description = "Keys and values of prompts that stay for prompts that begin alike, of each model; 0 for none"
                    + " (default: ${DEFAULT-VALUE}).")
    int keptPrefixes = (int) (BatchOptions.DEFAULT.prefixBytes() >> 20);

    @Option(
            names = "--keep-pictures",
            paramLabel = "MIB",
            description =
                    "Encoded pictures and clips that stay for further questions, of each model; 0 for none (default:"
                            + " ${DEFAULT-VALUE}).")
    int keptPictures = (int) (BatchOptions.DEFAULT.encodingBytes() >> 20);

    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            description = "Tokens of an answer at most, and where a request does not say (default: ${DEFAULT-VALUE}).")
    int maxNewTokens = 4096;

    @Option(
            names = "--deadline",
            paramLabel = "SECONDS",
            description = "How long an answer may take, waiting included (default: ${DEFAULT-VALUE}).")
    int deadline = 600;

    @Option(
            names = "--grace",
            paramLabel = "SECONDS",
            description = "How long SIGTERM and Ctrl-C wait for running answers (default: ${DEFAULT-VALUE}).")
    int grace = 30;

    @Mixin
    EngineOptions engine = new EngineOptions();

    @Option(names = "--quiet", description = "No line for each request, no notes.")
    boolean quiet;

    private final Console console;

    ServeCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws InterruptedException {
        engine.check();
        ServeOptions options = options();
        HELIDON.setLevel(Level.WARNING);
        CountDownLatch end = new CountDownLatch(1);
        try (StatusLine status = new StatusLine(console, quiet);
                FoveaServer server = FoveaServer.start(
                        options.withLoad(engine.loadOptions(status)), models.toArray(String[]::new))) {
            Thread stop = new Thread(server::close, "fovea-serve-stop");
            Runtime.getRuntime().addShutdownHook(stop); // SIGTERM and Ctrl-C let running answers end
            status.note("listening on " + server.address() + ", opening " + String.join(", ", models));
            if (options.isOpen()) {
                status.note("whoever reaches this address may ask: no API key is given");
            }
            server.awaitReady();
            console.printLine("ready on " + server.address());
            end.await();
        }
        return ExitStatus.DONE;
    }

    private ServeOptions options() {
        return ServeOptions.DEFAULT
                .withHost(host)
                .withPort(port)
                .withKeys(keys())
                .withOrigins(origins)
                .withHostNames(hostNames)
                .withBatch(batch())
                .withMaxNewTokens(maxNewTokens)
                .withDeadline(Duration.ofSeconds(deadline))
                .withGrace(Duration.ofSeconds(grace))
                .withLog(quiet ? _ -> {} : console::note);
    }

    private BatchOptions batch() {
        for (int mib : new int[] {keptPrefixes, keptPictures}) {
            if (mib < 0) {
                throw new OptionException("--keep-prefixes and --keep-pictures are MiB; " + mib + " is less than 0");
            }
        }
        return BatchOptions.DEFAULT
                .withRows(parallel)
                .withQueue(queue)
                .withPrefixBytes((long) keptPrefixes << 20)
                .withEncodingBytes((long) keptPictures << 20);
    }

    private List<ApiKey> keys() {
        if (apiKey.isPresent() && apiKeys.isPresent()) {
            throw new OptionException("--api-key and --api-keys are both given; expected one of them");
        }
        if (apiKeys.isPresent()) {
            String file = apiKeys.get();
            return file.equals(InputOptions.STDIN)
                    ? ApiKey.parse(console.readText(), "stdin")
                    : ApiKey.read(Path.of(file));
        }
        if (apiKey.isPresent()) {
            return one(apiKey.get(), "--api-key");
        }
        String ofEnvironment = System.getenv(KEY);
        return ofEnvironment == null ? List.of() : one(ofEnvironment, KEY);
    }

    /** An empty key is a variable that was not set, where somebody meant to keep others out. */
    private static List<ApiKey> one(String key, String from) {
        if (key.isEmpty()) {
            throw new OptionException(
                    from + " is empty; expected the key that clients must send", "leave it out to let everybody ask");
        }
        return List.of(new ApiKey("key", key));
    }
}
