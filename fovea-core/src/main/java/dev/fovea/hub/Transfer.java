package dev.fovea.hub;

import dev.fovea.error.InputException;
import dev.fovea.error.NetworkException;
import dev.fovea.error.Quote;
import dev.fovea.error.Reason;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodySubscribers;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Fetches files, several parts at once, and takes their sums while they come. Threads of its own fetch, take sums and put whole files to
 * their places; the calling one tells the listener.
 */
final class Transfer {
    private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18}|\\*)");
    private static final long TICK_MILLIS = 100;

    /** Files that grow side by side: each has a thread that takes its sum, so that at the end no sum is left to be taken. */
    private static final int AT_ONCE = 8;

    private final Site site;
    private final ModelId id;
    private final Listing listing;
    private final int connections;
    private final Deque<Part> open = new ArrayDeque<>();
    private @Nullable RuntimeException failure;
    private boolean stopped;

    Transfer(Site site, ModelId id, Listing listing, int connections) {
        this.site = site;
        this.id = id;
        this.listing = listing;
        this.connections = connections;
    }

    /**
     * Fetches what is missing of open files and places each when it is whole.
     *
     * @return those whose bytes are not what the hub says they are; nothing of them is kept
     * @throws NetworkException where the bytes do not come
     * @throws InputException where they cannot be written
     */
    List<Fetch> run(List<Fetch> fetches, Store store, Meter meter) throws IOException {
        for (int i = 0; i < fetches.size(); i += AT_ONCE) {
            interleave(fetches.subList(i, Math.min(i + AT_ONCE, fetches.size())).stream()
                    .map(f -> f.missing(connections))
                    .toList());
        }
        List<Thread> workers = new ArrayList<>();
        int needed = Math.min(connections, open.size());
        for (int i = 0; i < needed; i++) {
            workers.add(Thread.ofPlatform().daemon().name("fovea-pull-" + i).start(this::work));
        }
        Queue<Fetch> unchecked = new ConcurrentLinkedQueue<>(fetches);
        Queue<Fetch> wrong = new ConcurrentLinkedQueue<>();
        List<Thread> checkers = new ArrayList<>();
        for (int i = 0; i < Math.min(fetches.size(), AT_ONCE); i++) {
            checkers.add(Thread.ofPlatform()
                    .daemon()
                    .name("fovea-sum-" + i)
                    .start(() -> guarded(() -> check(unchecked, wrong, store))));
        }
        workers.addAll(checkers);
        try {
            for (Thread checker : checkers) {
                while (!checker.join(Duration.ofMillis(TICK_MILLIS))) {
                    refuseToGoOn();
                    meter.tell(false);
                }
            }
            refuseToGoOn();
            return List.copyOf(wrong);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NetworkException("the download was interrupted", "what has come so far is kept", e);
        } finally {
            stop(workers);
        }
    }

    /** A part of each file by turns, so that all of them grow. */
    private void interleave(List<List<Part>> files) {
        int most = files.stream().mapToInt(List::size).max().orElse(0);
        for (int i = 0; i < most; i++) {
            for (List<Part> parts : files) {
                if (i < parts.size()) {
                    open.add(parts.get(i));
                }
            }
        }
    }

    /** Takes the sums of files while they come, and places those that are right. */
    private void check(Queue<Fetch> unchecked, Queue<Fetch> wrong, Store store) {
        for (Fetch fetch = unchecked.poll(); fetch != null; fetch = unchecked.poll()) {
            try {
                if (isAsSaid(fetch)) {
                    store.place(listing, fetch.file(), fetch.partial().finish());
                    fetch.placed();
                } else {
                    fetch.partial().clear();
                    wrong.add(fetch);
                }
            } catch (IOException e) {
                throw unwritten(fetch, e);
            } catch (InterruptedException e) {
                return; // the download is over
            }
        }
    }

    private boolean isAsSaid(Fetch fetch) throws IOException, InterruptedException {
        PartialFile.Summing sum = fetch.partial().summing(fetch.file().sum());
        while (!sum.advance(TICK_MILLIS)) {
            refuseToGoOn();
        }
        return fetch.file().sum() == RepoFile.Sum.NONE
                || sum.hex().equals(fetch.file().etag());
    }

    private synchronized void refuseToGoOn() {
        if (failure != null) {
            throw failure;
        }
    }

    private void stop(List<Thread> workers) {
        synchronized (this) {
            stopped = true;
        }
        workers.forEach(Thread::interrupt);
        boolean interrupted = false;
        for (Thread worker : workers) {
            while (worker.isAlive()) {
                try {
                    worker.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    // ------------------------------------------------------------------------------------------------------ fetching

    private void work() {
        guarded(() -> {
            for (Optional<Part> part = next(); part.isPresent(); part = next()) {
                fetch(part.get());
            }
        });
    }

    /** The first that fails says why all stop. */
    private void guarded(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            synchronized (this) {
                if (failure == null && !stopped) {
                    failure = e;
                }
            }
        }
    }

    private synchronized Optional<Part> next() {
        return failure != null || stopped ? Optional.empty() : Optional.ofNullable(open.poll());
    }

    private void fetch(Part part) {
        Patience patience = site.http().patience();
        while (!part.isDone()) {
            if (part.fetch().isWhole()) {
                part.restart();
            }
            long before = part.position();
            boolean piece = isPiece(part);
            Optional<HttpResponse<Boolean>> response = Optional.empty();
            IOException broken = new IOException("connection reset");
            boolean answered = false;
            try {
                response = Optional.of(request(part, piece));
                answered = true;
            } catch (IOException e) {
                broken = e;
            }
            IOException unwritten = part.diskFailure();
            if (unwritten != null) {
                throw unwritten(part.fetch(), unwritten);
            }
            if (part.position() > before) {
                patience.reset();
            }
            if (answered && !mayGoOn(part, piece, response.get())) {
                return;
            }
            if (!part.isDone() && !again(part, response, patience)) {
                URI uri = site.address(listing, part.fetch().file());
                throw answered && response.get().statusCode() >= 300
                        ? refused(part, response.get())
                        : Http.failed(uri, broken);
            }
        }
    }

    private RuntimeException refused(Part part, HttpResponse<?> response) {
        String path = part.fetch().file().path();
        return isOfHub(response)
                ? site.refusal(id, path, response)
                : new NetworkException("the server " + response.uri().getHost() + " answers with HTTP status "
                        + response.statusCode() + " when asked for " + Quote.of(path) + " of " + id);
    }

    private static InputException unwritten(Fetch fetch, IOException e) {
        return new InputException(
                "cannot write " + Quote.of(fetch.partial()) + ": " + Reason.of(e),
                "what has come so far is kept; pull again when the disk takes the rest",
                e);
    }

    private boolean isOfHub(HttpResponse<?> response) {
        return site.http().trusts(response.uri());
    }

    private boolean again(Part part, Optional<HttpResponse<Boolean>> response, Patience patience) {
        if (response.isPresent() && Patience.isBusy(response.get().statusCode())) {
            return patience.waitFor(response.get());
        }
        boolean refused = response.isPresent() && response.get().statusCode() >= 300;
        if (refused && isOfHub(response.get())) {
            return false;
        }
        if (refused) {
            part.fetch().located(null); // addresses of file stores hold for an hour or so
        }
        return patience.waitFor();
    }

    /**
     * Whether a part is still to be fetched after this answer.
     *
     * @param piece whether the rest of the part, as it was asked for, is less than the file
     * @throws NetworkException where the file is another one now
     */
    private boolean mayGoOn(Part part, boolean piece, HttpResponse<Boolean> response) {
        Fetch fetch = part.fetch();
        int status = response.statusCode();
        if (status == 416) {
            throw changed(fetch, "its server has not so many bytes");
        }
        if (status == 206) {
            Matcher range = CONTENT_RANGE.matcher(
                    response.headers().firstValue("content-range").orElse(""));
            boolean ofOther = range.matches()
                    && !range.group(3).equals("*")
                    && Long.parseLong(range.group(3)) != fetch.file().size();
            if (ofOther) {
                throw changed(fetch, "its server has " + range.group(3));
            }
        }
        if (status == 200 && piece) {
            // The server does not know ranges: one request gets all, and others are not needed.
            synchronized (this) {
                if (!fetch.isWhole()) {
                    fetch.fetchWhole();
                    open.removeIf(p -> p.fetch() == fetch);
                    open.addFirst(fetch.all());
                }
            }
            return false;
        }
        return true;
    }

    private NetworkException changed(Fetch fetch, String found) {
        return new NetworkException(
                "cannot fetch " + Quote.of(fetch.file().path()) + " of " + id + ": it should have "
                        + fetch.file().size() + " bytes, and " + found,
                "it may be changing just now, or a proxy gives another file: try again");
    }

    private static boolean isPiece(Part part) {
        return part.position() > 0 || part.end() < part.fetch().file().size();
    }

    // ------------------------------------------------------------------------------------------------------ requests

    /** The answer to one request for the rest of a part, whose bytes are written where it has any. */
    private HttpResponse<Boolean> request(Part part, boolean piece) throws IOException {
        Fetch fetch = part.fetch();
        Map<String, String> headers =
                piece ? Map.of("Range", "bytes=" + part.position() + "-" + (part.end() - 1)) : Map.of();
        URI at = where(fetch, piece);
        for (int hop = 0; hop <= 10; hop++) {
            long[] seen = {part.position()};
            HttpResponse<Boolean> response =
                    site.http().send("GET", at, headers, handler(part, piece), () -> moved(part, seen));
            Optional<URI> next = Http.target(at, response);
            if (next.isEmpty()) {
                return response;
            }
            at = next.get();
        }
        throw new NetworkException("cannot fetch " + Quote.of(at) + ": it is redirected more than 10 times");
    }

    private static boolean moved(Part part, long[] seen) {
        boolean moved = part.position() > seen[0];
        seen[0] = part.position();
        return moved;
    }

    /** Of a file of several parts the hub is asked once where it is, and each part there. */
    private URI where(Fetch fetch, boolean piece) {
        URI address = site.address(listing, fetch.file());
        if (!piece) {
            return address;
        }
        synchronized (fetch) {
            URI located = fetch.located();
            if (located != null) {
                return located;
            }
            HttpResponse<byte[]> response = site.http().head(address, Patience.TRIES);
            Optional<URI> elsewhere = Http.target(response.uri(), response);
            if (elsewhere.isEmpty() && response.statusCode() != 200) {
                throw site.refusal(id, fetch.file().path(), response);
            }
            URI found = elsewhere.orElse(response.uri());
            fetch.located(found);
            return found;
        }
    }

    /** Only bytes that were asked for are written. */
    private static BodyHandler<Boolean> handler(Part part, boolean piece) {
        return info -> {
            String from = "bytes " + part.position() + "-";
            boolean asked = piece
                    ? info.statusCode() == 206
                            && info.headers()
                                    .firstValue("content-range")
                                    .filter(r -> r.startsWith(from))
                                    .isPresent()
                    : info.statusCode() == 200;
            return asked ? part.new Writer() : BodySubscribers.replacing(false);
        };
    }
}
