package dev.fovea.hub;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Warnings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;

/**
 * How a model is fetched. What is not said comes from the variables that huggingface_hub reads: {@code HF_HOME}, {@code HF_TOKEN},
 * {@code HF_ENDPOINT}, {@code HF_HUB_OFFLINE}, and so on.
 *
 * <pre>{@code
 * Hub.pull("google/gemma-3-4b-it", PullOptions.DEFAULT.withListener(p -> bar.show(p.doneBytes(), p.totalBytes())));
 * }</pre>
 *
 * Immutable.
 */
public final class PullOptions {
    /** As the variables say; eight connections; nobody listens. */
    public static final PullOptions DEFAULT = new PullOptions(
            HubEnvironment.system(),
            Optional.empty(),
            8,
            _ -> {},
            Warnings.log(),
            true,
            Duration.ofSeconds(1),
            PullOptions::freeBytes);

    private static final int MOST_CONNECTIONS = 64;

    final HubEnvironment environment;
    final Optional<Token> token;
    final int connections;
    final Consumer<PullProgress> listener;
    final Warnings warnings;
    final boolean weights;
    final Duration firstWait;
    final ToLongFunction<Path> freeBytes;

    private PullOptions(
            HubEnvironment environment,
            Optional<Token> token,
            int connections,
            Consumer<PullProgress> listener,
            Warnings warnings,
            boolean weights,
            Duration firstWait,
            ToLongFunction<Path> freeBytes) {
        this.environment = environment;
        this.token = token;
        this.connections = connections;
        this.listener = listener;
        this.warnings = warnings;
        this.weights = weights;
        this.firstWait = firstWait;
        this.freeBytes = freeBytes;
    }

    /** With other variables than those of this process; those of them that are not in the map are unset. */
    public PullOptions withEnvironment(Map<String, String> variables) {
        Objects.requireNonNull(variables, "variables");
        HubEnvironment other = new HubEnvironment(variables, environment.userHome());
        return new PullOptions(other, token, connections, listener, warnings, weights, firstWait, freeBytes);
    }

    /** With another folder than the usual ones, laid out as the cache of the site that the model comes from. */
    public PullOptions withCache(Path folder) {
        Objects.requireNonNull(folder, "folder");
        HubEnvironment other =
                environment.with("HF_HUB_CACHE", folder.toString()).with("MODELSCOPE_CACHE", folder.toString());
        return new PullOptions(other, token, connections, listener, warnings, weights, firstWait, freeBytes);
    }

    /** With this token; it is told to the hub's own servers and to nobody else. */
    public PullOptions withToken(String token) {
        Objects.requireNonNull(token, "token");
        return withToken(Token.clean(token, "this call"));
    }

    /**
     * With a token that {@code hf auth login} has stored.
     *
     * @throws OptionException where none has that name
     */
    public PullOptions withStoredToken(String name) {
        Objects.requireNonNull(name, "name");
        return withToken(Optional.of(environment.storedToken(name)));
    }

    private PullOptions withToken(Optional<Token> other) {
        return new PullOptions(environment, other, connections, listener, warnings, weights, firstWait, freeBytes);
    }

    /** @param n connections that are open at once, 1 to 64 */
    public PullOptions withConnections(int n) {
        if (n < 1 || n > MOST_CONNECTIONS) {
            throw new OptionException("connections is " + n + "; expected 1 to " + MOST_CONNECTIONS);
        }
        return new PullOptions(environment, token, n, listener, warnings, weights, firstWait, freeBytes);
    }

    /** @param listener is told how far it is, a few times a second, on the thread that pulls; an exception of it ends the download */
    public PullOptions withListener(Consumer<PullProgress> listener) {
        Objects.requireNonNull(listener, "listener");
        return new PullOptions(environment, token, connections, listener, warnings, weights, firstWait, freeBytes);
    }

    /** @param warnings where is said what is odd but no error: a renamed model, a hub that does not answer */
    public PullOptions withWarnings(Warnings warnings) {
        Objects.requireNonNull(warnings, "warnings");
        return new PullOptions(environment, token, connections, listener, warnings, weights, firstWait, freeBytes);
    }

    /**
     * @param weights whether they are fetched, as they are if nothing is said; else only what a processor is opened from is, and
     *     offline a part of the model will do, with a warning where it is not known to have all of that. A model that is here whole
     *     stays so where its branch has changed
     */
    public PullOptions withWeights(boolean weights) {
        return new PullOptions(environment, token, connections, listener, warnings, weights, firstWait, freeBytes);
    }

    /** For tests, which have no time. */
    PullOptions withFirstWait(Duration wait) {
        return new PullOptions(environment, token, connections, listener, warnings, weights, wait, freeBytes);
    }

    /** For tests, whose disk is not full. */
    PullOptions withFreeBytes(ToLongFunction<Path> free) {
        return new PullOptions(environment, token, connections, listener, warnings, weights, firstWait, free);
    }

    private static long freeBytes(Path folder) {
        try {
            return Files.getFileStore(folder).getUsableSpace();
        } catch (IOException e) {
            throw InputException.cannot("look at the disk of", folder, e);
        }
    }
}
