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
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The protocol of modelscope.cn: {@code /api/v1/models/NAME/repo/files} lists a branch or tag, {@code
 * /api/v1/models/NAME/repo?FilePath=PATH} gives a file or redirects to its store. Commits have no names there.
 */
final class ModelScope implements Site {
    private final URI endpoint;
    private final Optional<Token> token;
    private final Http http;

    ModelScope(HubEnvironment environment, Optional<Token> token, Duration firstWait) {
        this.endpoint = environment.modelScopeEndpoint();
        this.token = token;
        Map<String, String> credentials = new LinkedHashMap<>();
        token.ifPresent(t -> {
            credentials.put("Authorization", "Bearer " + t.value());
            credentials.put("Cookie", "m_session_id=" + t.value());
        });
        this.http = new Http(environment, environment.timeout(), List.of(endpoint), credentials, firstWait);
    }

    @Override
    public Http http() {
        return http;
    }

    private String api(String name) {
        return endpoint + "/api/v1/models/" + name + "/repo";
    }

    @Override
    public Listing list(ModelId id, int tries) {
        URI uri = URI.create(api(id.name()) + "/files?Recursive=True&Revision=" + encoded(id.revisionOrDefault()));
        Answer<byte[]> response = http.get(uri, tries);
        if (response.status() != 200) {
            throw refusal(id, "the list of its files", response);
        }
        String what = "what " + endpoint.getHost() + " says of " + id;
        List<RepoFile> files = new ArrayList<>();
        try {
            Map<String, @Nullable Object> answer =
                    Json.object(Json.parse(new String(response.body(), StandardCharsets.UTF_8), what), what);
            Map<String, @Nullable Object> data = Json.object(answer.get("Data"), what + ": Data");
            for (Object entry : Json.array(data.get("Files"), what + ": Files")) {
                Map<String, @Nullable Object> file = Json.object(entry, what);
                if (!"tree".equals(file.get("Type"))) {
                    files.add(new RepoFile(
                            text(file.get("Path")).orElse(""), number(file.get("Size")), "", text(file.get("Sha256"))));
                }
            }
        } catch (InputException e) {
            throw new NetworkException(e.problem(), "does MODELSCOPE_ENDPOINT, or a proxy, lead to another server?", e);
        }
        return Listing.of(id.name(), id.revisionOrDefault(), files);
    }

    /** It says all in its list. */
    @Override
    public Listing describe(ModelId id, Listing listing, Collection<String> paths) {
        listing.all(paths).stream().filter(f -> f.size() < 0).findFirst().ifPresent(file -> {
            throw new NetworkException(endpoint.getHost() + " does not say how large " + Quote.of(file.path()) + " is");
        });
        return listing;
    }

    @Override
    public URI address(Listing listing, RepoFile file) {
        return URI.create(
                api(listing.name()) + "?Revision=" + encoded(listing.commit()) + "&FilePath=" + encoded(file.path()));
    }

    private static String encoded(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8);
    }

    @Override
    public FoveaException refusal(ModelId id, String what, Answer<?> response) {
        String page = "https://www.modelscope.cn/models/" + id.name();
        return switch (response.status()) {
            case 404 ->
                new InputException(
                        "there is no model " + id + " on " + endpoint.getHost()
                                + ", or no such revision, or it is private",
                        "see " + page + "; for a private model set MODELSCOPE_API_TOKEN, or modelscope login");
            case 401, 403 ->
                token.isPresent()
                        ? new OptionException(
                                endpoint.getHost() + " refuses " + id + " to " + token.get(),
                                "see " + page + ", and the tokens at https://www.modelscope.cn/my/myaccesstoken")
                        : new InputException(
                                endpoint.getHost() + " asks who wants " + id,
                                "accept what " + page + " asks for, and set MODELSCOPE_API_TOKEN, or modelscope login");
            default ->
                new NetworkException("the server " + response.uri().getHost() + " answers with HTTP status "
                        + response.status() + " when asked for " + Quote.of(what) + " of " + id);
        };
    }
}
