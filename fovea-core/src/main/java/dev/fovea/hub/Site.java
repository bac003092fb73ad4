package dev.fovea.hub;

import dev.fovea.error.FoveaException;
import dev.fovea.error.NetworkException;
import dev.fovea.error.Quote;
import java.net.URI;
import java.util.Collection;

/** Where models are published, by its protocol. */
interface Site {
    /**
     * What a revision holds.
     *
     * @param tries how often is asked before giving up
     * @throws dev.fovea.error.InputException where there is no such model or revision, or it is not for this user
     * @throws dev.fovea.error.NetworkException where no server answers
     */
    Listing list(ModelId id, int tries);

    /** These files with size and sum, where the listing did not say them. */
    Listing describe(ModelId id, Listing listing, Collection<String> paths);

    /** Where a file's bytes are asked for; it may redirect. */
    URI address(Listing listing, RepoFile file);

    /** What a refusal of the hub means. */
    FoveaException refusal(ModelId id, String what, Answer<?> response);

    /** What one means of the hub, or of the server that it leads to. */
    default FoveaException refusalOfAny(ModelId id, String path, Answer<?> response) {
        return http().trusts(response.uri())
                ? refusal(id, path, response)
                : new NetworkException("the server " + response.uri().getHost() + " answers with HTTP status "
                        + response.status() + " when asked for " + Quote.of(path) + " of " + id);
    }

    Http http();
}
