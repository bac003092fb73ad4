package dev.fovea.hub;

import static dev.fovea.hub.Listing.number;
import static dev.fovea.hub.Listing.text;

import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import dev.fovea.error.NetworkException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import dev.fovea.io.Json;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The protocol of huggingface.co and its mirrors: {@code /api/models/NAME/revision/REVISION} lists files, {@code
 * /NAME/resolve/COMMIT/PATH} gives one or redirects to where its bytes are. Files in Xet storage come by its plain HTTP bridge.
 */
final class HuggingFace implements Site {
    private static final List<URI> HOSTS = List.of(URI.create("https://huggingface.co"), URI.create("https://hf.co"));

    private final URI endpoint;
    private final Optional<Token> token;
    private final Http http;

    HuggingFace(HubEnvironment environment, Optional<Token> token, Duration firstWait) {
        this.endpoint = environment.endpoint();
        this.token = token;
        this.http = new Http(
                environment,
                environment.timeout(),
                Stream.concat(Stream.of(endpoint), HOSTS.stream()).toList(),
                token.map(t -> Map.of("Authorization", "Bearer " + t.value())).orElse(Map.of()),
                firstWait);
    }

    @Override
    public Http http() {
        return http;
    }

    @Override
    public Listing list(ModelId id, int tries) {
        URI uri = URI.create(endpoint + "/api/models/" + id.name() + "/revision/"
                + URLEncoder.encode(id.revisionOrDefault(), StandardCharsets.UTF_8) + "?blobs=true");
        Answer<byte[]> response = http.get(uri, tries);
        if (response.status() != 200) {
            throw refusal(id, "list", response);
        }
        String what = "what " + endpoint.getHost() + " says of " + id;
        Map<String, @Nullable Object> model;
        try {
            model = Json.object(Json.parse(new String(response.body(), StandardCharsets.UTF_8), what), what);
        } catch (InputException e) {
            throw new NetworkException(e.problem(), "does HF_ENDPOINT, or a proxy, lead to another server?", e);
        }
        String commit = text(model.get("sha"))
                .filter(sha -> sha.matches("[0-9a-zA-Z]{1,64}"))
                .orElseThrow(() -> new NetworkException(what + " names no commit"));
        List<RepoFile> files = new ArrayList<>();
        for (Object sibling : Json.array(model.getOrDefault("siblings", List.of()), what)) {
            files.add(file(Json.object(sibling, what)));
        }
        Optional<String> base = model.get("cardData") instanceof Map<?, ?> card
                ? card.get("base_model") instanceof List<?> several && !several.isEmpty()
                        ? text(several.getFirst())
                        : text(card.get("base_model"))
                : Optional.empty();
        return new Listing(
                text(model.get("id")).orElse(id.name()),
                commit,
                Listing.byPath(files),
                text(model.get("library_name")).orElse(""),
                base);
    }

    private static RepoFile file(Map<String, @Nullable Object> sibling) {
        Optional<String> sha256 = sibling.get("lfs") instanceof Map<?, ?> lfs
                ? text(lfs.get("sha256")).or(() -> text(lfs.get("oid")))
                : Optional.empty();
        return new RepoFile(
                text(sibling.get("rfilename")).orElse(""),
                number(sibling.get("size")),
                text(sibling.get("blobId")).orElse(""),
                sha256);
    }

    /** By the headers of each file: mirrors list names alone. */
    @Override
    public Listing describe(ModelId id, Listing listing, Collection<String> paths) {
        return listing.with(listing.all(paths).stream()
                .filter(f -> !f.isDescribed())
                .map(f -> described(id, listing, f))
                .toList());
    }

    private RepoFile described(ModelId id, Listing listing, RepoFile file) {
        Answer<byte[]> response = http.head(address(listing, file), Patience.TRIES);
        boolean redirected = Http.target(response.uri(), response).isPresent();
        if (response.status() != 200 && !redirected) {
            throw refusal(id, file.path(), response);
        }
        HttpHeaders headers = response.headers();
        String etag = headers.firstValue("x-linked-etag")
                .or(() -> headers.firstValue("etag"))
                .map(HuggingFace::normalized)
                .filter(e -> e.matches("[\\w.-]{1,128}") && !e.startsWith("."))
                .orElseThrow(() -> new NetworkException(
                        "the server " + response.uri().getHost() + " gives no ETag for " + Quote.of(file.path())
                                + "; expected a server that speaks Hugging Face's protocol",
                        "does HF_ENDPOINT, or a proxy, lead to another server?"));
        long size = headers.firstValue("x-linked-size")
                .or(() -> redirected ? Optional.empty() : headers.firstValue("content-length"))
                .filter(n -> n.matches("\\d{1,15}"))
                .map(Long::parseLong)
                .orElseThrow(() -> new NetworkException("the server "
                        + response.uri().getHost() + " does not say how large " + Quote.of(file.path()) + " is"));
        boolean isSha256 = RepoFile.Sum.named(etag) == RepoFile.Sum.SHA256;
        return new RepoFile(file.path(), size, isSha256 ? "" : etag, isSha256 ? Optional.of(etag) : Optional.empty());
    }

    private static String normalized(String etag) {
        return etag.replaceFirst("^W/", "").replace("\"", "");
    }

    @Override
    public URI address(Listing listing, RepoFile file) {
        String path = Stream.of(file.path().split("/"))
                .map(part -> URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20"))
                .collect(Collectors.joining("/"));
        return URI.create(endpoint + "/" + listing.name() + "/resolve/" + listing.commit() + "/" + path);
    }

    // ------------------------------------------------------------------------------------------------------ refusals

    @Override
    public FoveaException refusal(ModelId id, String what, Answer<?> response) {
        HttpHeaders headers = response.headers();
        String code = headers.firstValue("x-error-code").orElse("");
        String said = headers.firstValue("x-error-message").orElse("");
        int status = response.status();
        String page = endpoint + "/" + id.name();
        if (said.startsWith("Invalid credentials") || (status == 401 && token.isPresent() && code.isEmpty())) {
            return new OptionException(
                    endpoint.getHost() + " does not accept "
                            + token.map(Token::toString).orElse("the token"),
                    "make a new one at " + endpoint + "/settings/tokens, or unset it for public models");
        }
        return switch (code) {
            case "GatedRepo" -> gated(id, page);
            case "RevisionNotFound" ->
                new InputException(
                        "the model " + id.name() + " has no revision " + Quote.of(id.revisionOrDefault()),
                        page + "/tree/main lists its branches and tags");
            case "EntryNotFound" ->
                new InputException("the model " + id + " has no file " + Quote.of(what) + " any more", "try again");
            case "RepoNotFound" -> missing(id, page);
            default ->
                status == 404 || status == 401
                        ? missing(id, page)
                        : status == 403
                                ? new InputException(
                                        endpoint.getHost() + " refuses access to " + id
                                                + (said.isEmpty() ? "" : ": " + Quote.of(said)),
                                        "see " + page)
                                : new NetworkException("the server "
                                        + response.uri().getHost()
                                        + " answers with HTTP status " + status + " when asked for " + Quote.of(what)
                                        + " of " + id + (said.isEmpty() ? "" : ": " + Quote.of(said)));
        };
    }

    private InputException gated(ModelId id, String page) {
        return token.map(
                        t -> new InputException(
                                "the model " + id.name() + " is gated, and " + t + " has no access to it",
                                "accept its terms at " + page
                                        + " with the account of the token, and wait where its owner grants"
                                        + " access by hand; a fine-grained token needs the permission to read gated repositories"))
                .orElseGet(
                        () -> new InputException(
                                "the model " + id.name() + " is gated: its owner asks who downloads it",
                                "accept its terms at " + page + ", make a token at " + endpoint
                                        + "/settings/tokens (role \"read\"), and say export HF_TOKEN=hf_… before you try again"));
    }

    private InputException missing(ModelId id, String page) {
        return new InputException(
                "there is no model " + id.name() + " on " + endpoint.getHost() + ", or it is private"
                        + token.map(t -> " and not for " + t).orElse(""),
                "is the name spelt right? a private model asks for a token: see " + page + ", and set HF_TOKEN");
    }
}
