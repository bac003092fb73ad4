package dev.fovea.hub;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One file on its way. The parts of it are fetched by several threads. */
final class Fetch {
    /** Chunks that one request asks for at most: much to the time of a request, little to the end of a file. */
    private static final int MOST_CHUNKS = 16;

    private final RepoFile file;
    private @Nullable PartialFile partial;
    private volatile @Nullable URI located;
    private volatile boolean whole;
    private volatile boolean placed;
    private int workers;

    Fetch(RepoFile file) {
        this.file = file;
    }

    RepoFile file() {
        return file;
    }

    /** Bytes that are here. */
    long bytes() {
        PartialFile p = partial;
        return placed ? file.size() : p == null ? 0 : p.bytes();
    }

    boolean isPlaced() {
        return placed;
    }

    void placed() {
        placed = true;
    }

    void opened(PartialFile p) {
        partial = p;
    }

    PartialFile partial() {
        PartialFile p = partial;
        if (p == null) {
            throw new IllegalStateException(file.path() + " is not open");
        }
        return p;
    }

    /** Where its bytes are, once the hub has said it. */
    @Nullable
    URI located() {
        return located;
    }

    void located(@Nullable URI uri) {
        located = uri;
    }

    /** Whether its server gives it only from beginning to end. */
    boolean isWhole() {
        return whole;
    }

    void fetchWhole() {
        whole = true;
    }

    /** Threads that fetch it now. Guarded by the transfer. */
    int workers() {
        return workers;
    }

    void joined() {
        workers++;
    }

    void left() {
        workers--;
    }

    /** What has not come, in requests: as many as there are connections, and more of a large file. */
    List<Part> missing(int connections) {
        PartialFile p = partial();
        int most = Math.clamp(p.chunks() / connections, 1, MOST_CHUNKS);
        List<Part> parts = new ArrayList<>();
        for (int chunk = 0; chunk < p.chunks(); chunk++) {
            int first = chunk;
            while (chunk < p.chunks() && chunk - first < most && !p.has(chunk)) {
                chunk++;
            }
            if (chunk > first) {
                parts.add(new Part(this, p.start(first), Math.min(p.size(), p.start(chunk))));
                chunk--;
            }
        }
        return parts;
    }

    /** All of it, in one request. */
    Part all() {
        return new Part(this, 0, file.size());
    }
}
