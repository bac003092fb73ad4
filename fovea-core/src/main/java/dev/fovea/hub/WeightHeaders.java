package dev.fovea.hub;

import dev.fovea.error.NetworkException;
import dev.fovea.error.Quote;
import dev.fovea.io.SafetensorsOutline;
import dev.fovea.io.WeightFile;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;

/** Reads the headers of weight files where they are published: no more of each than its header, and some kilobytes. */
final class WeightHeaders {
    /** Most headers have less. */
    private static final int FIRST_BYTES = 100_000;

    private final ModelId id;
    private final Site site;
    private final Listing listing;

    WeightHeaders(ModelId id, Site site, Listing listing) {
        this.id = id;
        this.site = site;
        this.listing = listing;
    }

    /** @param snapshot where the files would be */
    List<WeightFile> of(Collection<String> names, Path snapshot) {
        return site.describe(id, listing, names).all(names).stream()
                .filter(file -> file.path().endsWith(".safetensors"))
                .map(file -> outline(file, snapshot.resolve(file.path())))
                .toList();
    }

    private WeightFile outline(RepoFile file, Path place) {
        byte[] first = first(file, FIRST_BYTES);
        long end = SafetensorsOutline.headerEnd(first);
        return SafetensorsOutline.of(place, file.size(), end > first.length ? first(file, end) : first);
    }

    private byte[] first(RepoFile file, long count) {
        int wanted = Math.toIntExact(Math.min(count, file.size()));
        Answer<byte[]> answer = site.http().first(site.address(listing, file), wanted, Patience.TRIES);
        if (answer.status() != 200 && answer.status() != 206) {
            throw site.refusalOfAny(id, file.path(), answer);
        }
        if (answer.body().length < wanted) {
            throw new NetworkException("of " + Quote.of(file.path()) + " of " + id + " came " + answer.body().length
                    + " bytes where " + wanted + " were asked for");
        }
        return answer.body();
    }
}
