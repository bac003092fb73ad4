package dev.fovea.hub;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import dev.fovea.files.InputFile;
import dev.fovea.files.UserFolders;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What the variables say that huggingface_hub and ModelScope's own tool read: where caches and tokens are, which servers are asked,
 * whether any may be.
 *
 * @param variables of the process
 * @param userHome where no {@code HOME} is set
 */
public record HubEnvironment(Map<String, String> variables, String userHome) {
    private static final Pattern VARIABLE = Pattern.compile("\\$(\\w+|\\{[^}]*\\})");
    private static final Set<String> TRUE = Set.of("1", "ON", "YES", "TRUE");
    private static final long TOKEN_BYTES = 1 << 20;

    public HubEnvironment {
        variables = Map.copyOf(variables);
    }

    /** Of this process. */
    public static HubEnvironment system() {
        return new HubEnvironment(
                System.getenv(), UserFolders.home().map(Path::toString).orElse("~"));
    }

    HubEnvironment with(String variable, String value) {
        Map<String, String> changed = new java.util.HashMap<>(variables);
        changed.put(variable, value);
        return new HubEnvironment(changed, userHome);
    }

    Optional<String> value(String name) {
        return Optional.ofNullable(variables.get(name)).filter(v -> !v.isEmpty());
    }

    boolean isTrue(String name) {
        return value(name)
                .filter(v -> TRUE.contains(v.toUpperCase(Locale.ROOT)))
                .isPresent();
    }

    /** Which variable forbids to ask the network. */
    Optional<String> offline() {
        return Stream.of("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
                .filter(name -> value(name).isPresent())
                .findFirst()
                .filter(this::isTrue);
    }

    /** How long a server may be silent. */
    Duration timeout() {
        String seconds = value("HF_HUB_DOWNLOAD_TIMEOUT").orElse("10");
        if (!seconds.matches("[0-9]{1,6}")) {
            throw new OptionException(
                    "HF_HUB_DOWNLOAD_TIMEOUT is \"" + Quote.of(seconds) + "\"; expected a number of seconds");
        }
        return Duration.ofSeconds(Math.max(1, Long.parseLong(seconds)));
    }

    // ------------------------------------------------------------------------------------------------- Hugging Face

    /** Where huggingface_hub has its cache, by the same variables in the same order. */
    public Path cache() {
        String older = variables.getOrDefault("HUGGINGFACE_HUB_CACHE", hubHome() + "/hub");
        return path(expanded(variables.getOrDefault("HF_HUB_CACHE", older)));
    }

    private String hubHome() {
        String caches = variables.getOrDefault("XDG_CACHE_HOME", home() + "/.cache");
        return expanded(variables.getOrDefault("HF_HOME", caches + "/huggingface"));
    }

    URI endpoint() {
        return server("HF_ENDPOINT", value("HF_ENDPOINT").orElse("https://huggingface.co"));
    }

    /** The token that is sent where none is given, with where it comes from. */
    Optional<Token> token() {
        if (isTrue("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
            return Optional.empty();
        }
        return Stream.of("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
                .flatMap(name -> value(name).stream().flatMap(v -> Token.clean(v, name).stream()))
                .findFirst()
                .or(this::tokenOfFile);
    }

    private Path tokenFile() {
        return path(expanded(variables.getOrDefault("HF_TOKEN_PATH", hubHome() + "/token")));
    }

    private Optional<Token> tokenOfFile() {
        Path file = tokenFile();
        return Files.isRegularFile(file)
                ? Token.clean(InputFile.text(InputFile.read(file, TOKEN_BYTES), "the token file"), "the file " + file)
                : Optional.empty();
    }

    /** A token that {@code hf auth login} stored under a name. @throws OptionException where there is none */
    Token storedToken(String name) {
        Path file = tokenFile().resolveSibling("stored_tokens");
        Map<String, String> stored = Files.isRegularFile(file)
                ? Token.stored(InputFile.text(InputFile.read(file, TOKEN_BYTES), "the file of stored tokens"))
                : Map.of();
        return Optional.ofNullable(stored.get(name))
                .flatMap(v -> Token.clean(v, "the stored token " + name))
                .orElseThrow(() -> new OptionException(
                        "there is no stored token \"" + Quote.of(name) + "\" in " + Quote.of(file) + "; known: "
                                + (stored.isEmpty() ? "none" : Quote.of(String.join(", ", stored.keySet()))),
                        "hf auth login stores one"));
    }

    // --------------------------------------------------------------------------------------------------- ModelScope

    Path modelScopeCache() {
        return path(value("MODELSCOPE_CACHE").map(this::withHome).orElse(home() + "/.cache/modelscope"));
    }

    URI modelScopeEndpoint() {
        String server = value("MODELSCOPE_ENDPOINT")
                .or(() -> value("MODELSCOPE_DOMAIN"))
                .orElse("https://modelscope.cn");
        return server("MODELSCOPE_ENDPOINT", server.contains("://") ? server : "https://" + server);
    }

    /** The variable's, even where it is empty and says that there is none; else that of {@code modelscope login}. */
    Optional<Token> modelScopeToken() {
        String variable = variables.get("MODELSCOPE_API_TOKEN");
        return variable != null ? Token.clean(variable, "MODELSCOPE_API_TOKEN") : modelScopeLogin();
    }

    private Optional<Token> modelScopeLogin() {
        String folder = value("MODELSCOPE_HOME").map(this::withHome).orElse(home() + "/.modelscope");
        Path file = path(folder).resolve("credentials").resolve("cookies");
        return Files.isRegularFile(file)
                ? ModelScopeLogin.token(
                                InputFile.read(file, TOKEN_BYTES),
                                modelScopeEndpoint().getHost(),
                                Instant.now())
                        .flatMap(token -> Token.clean(token, "the login in " + file))
                : Optional.empty();
    }

    // ------------------------------------------------------------------------------------------------------- shared

    private String home() {
        return variables.getOrDefault("HOME", userHome);
    }

    private static URI server(String variable, String address) {
        try {
            URI uri = URI.create(address.strip().replaceFirst("/+$", ""));
            if (uri.getHost() != null && ("https".equals(uri.getScheme()) || "http".equals(uri.getScheme()))) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            throw wrongServer(variable, address);
        }
        throw wrongServer(variable, address);
    }

    private static OptionException wrongServer(String variable, String address) {
        return new OptionException(variable + " is \"" + Quote.of(address) + "\"; expected https://host");
    }

    private static Path path(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new InputException("\"" + Quote.of(text) + "\" is no name of a directory", "", e);
        }
    }

    private String withHome(String path) {
        return path.equals("~") || path.startsWith("~/") ? home() + path.substring(1) : path;
    }

    /** Python's expandvars(expanduser(path)), without the homes of other users. */
    private String expanded(String path) {
        Matcher variable = VARIABLE.matcher(withHome(path));
        return variable.replaceAll(found -> {
            String name = found.group(1).startsWith("{")
                    ? found.group(1).substring(1, found.group(1).length() - 1)
                    : found.group(1);
            return Matcher.quoteReplacement(variables.getOrDefault(name, found.group()));
        });
    }
}
