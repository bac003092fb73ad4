package dev.fovea.hub;

import dev.fovea.error.InputException;
import dev.fovea.error.NetworkException;
import dev.fovea.error.Quote;
import dev.fovea.ffi.Flock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Gets the missing files of a listing into its store, beside other processes that may do the same. */
final class Fetching {
    private static final long SMALL_BYTES = 32 << 20;
    private static final long WAIT_MILLIS = 200;

    /** Left free, for logs and the like. */
    private static final long SPARE_BYTES = 16 << 20;

    private final ModelId id;
    private final Site site;
    private final Store store;
    private final Listing listing;
    private final PullOptions options;
    private final Set<Fetch> damaged = new HashSet<>();

    Fetching(ModelId id, Site site, Store store, Listing listing, PullOptions options) {
        this.id = id;
        this.site = site;
        this.store = store;
        this.listing = listing;
        this.options = options;
    }

    /** @return whether anything was missing */
    boolean run(List<RepoFile> files) throws IOException {
        List<Fetch> left = new ArrayList<>();
        for (RepoFile file : files) {
            if (!store.has(listing, file) && !store.reuse(listing, file)) {
                left.add(new Fetch(file));
            }
        }
        if (left.isEmpty()) {
            return false;
        }
        left.sort(Comparator.comparing((Fetch f) -> f.file().size() > SMALL_BYTES)
                .thenComparing(f -> f.file().path()));
        Optional<Meter> meter = Optional.empty();
        while (!left.isEmpty()) {
            try (Taken taken = new Taken()) {
                for (Fetch fetch : left) {
                    taken.take(fetch);
                }
                if (meter.isEmpty()) {
                    meter = Optional.of(new Meter(id.toString(), List.copyOf(left), options.listener));
                    checkSpace(left);
                }
                Meter m = meter.get();
                if (!taken.mine.isEmpty()) {
                    m.tellNow(false);
                    new Transfer(site, id, listing, options.connections)
                            .run(taken.mine, store, m)
                            .forEach(this::refuseTwice);
                    m.tellNow(false);
                }
                left.removeIf(Fetch::isPlaced);
                if (taken.mine.isEmpty() && !left.isEmpty()) {
                    m.tell(true);
                    pause();
                }
            }
        }
        return true;
    }

    private static void pause() {
        try {
            Thread.sleep(WAIT_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NetworkException("the download was interrupted", "what has come so far is kept", e);
        }
    }

    private void refuseTwice(Fetch fetch) {
        String what = "the bytes of " + Quote.of(fetch.file().path()) + " of " + id
                + " are not what the hub says they are (" + fetch.file().etag() + ")";
        if (!damaged.add(fetch)) {
            throw new NetworkException(
                    what + ", twice", "a proxy or mirror may give another file; try another network, or later");
        }
        options.warnings.warn(what + "; they are fetched again");
    }

    /** What is not here yet has to fit. */
    private void checkSpace(List<Fetch> fetches) throws IOException {
        long needed =
                fetches.stream().mapToLong(f -> f.file().size() - f.bytes()).sum();
        Path folder = store.folder();
        Files.createDirectories(folder);
        long free = options.freeBytes.applyAsLong(folder);
        if (needed + SPARE_BYTES > free) {
            throw new InputException(
                    "cannot fetch " + id + ": " + needed / 1_000_000 + " MB are missing, and the disk of "
                            + Quote.of(folder) + " has " + free / 1_000_000 + " MB free, "
                            + SPARE_BYTES / 1_000_000 + " MB of which are left to others",
                    "free some, or set HF_HOME to a folder on another disk");
        }
    }

    /** The files that this process fetches now: nobody else has their locks. */
    private final class Taken implements AutoCloseable {
        final List<Fetch> mine = new ArrayList<>();
        private final List<Flock> locks = new ArrayList<>();
        private final List<PartialFile> partials = new ArrayList<>();

        void take(Fetch fetch) throws IOException {
            Optional<Flock> lock = Flock.tryLock(store.lock(listing, fetch.file()));
            if (lock.isEmpty()) {
                return;
            }
            locks.add(lock.get());
            if (store.has(listing, fetch.file()) || store.reuse(listing, fetch.file())) {
                fetch.placed();
                return;
            }
            PartialFile.open(
                            store.partial(listing, fetch.file()),
                            fetch.file().size(),
                            fetch.file().sum())
                    .ifPresent(partial -> {
                        partials.add(partial);
                        fetch.opened(partial);
                        mine.add(fetch);
                    });
        }

        @Override
        public void close() throws IOException {
            for (PartialFile partial : partials) {
                partial.closeOrDelete();
            }
            locks.forEach(Flock::close);
        }
    }
}
