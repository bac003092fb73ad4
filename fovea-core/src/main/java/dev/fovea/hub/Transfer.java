package dev.fovea.hub;

import dev.fovea.error.InputException;
import dev.fovea.error.NetworkException;
import dev.fovea.error.Quote;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
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
    private static final Pattern LENGTH = Pattern.compile("\\d{1,18}");
    private static final long TICK_MILLIS = 100;

    /** Files that grow side by side: each has a thread that takes what is left of its sum, so that none is left at the end. */
    private static final int AT_ONCE = 8;

    private static final int READ_AGAIN_BYTES = 1 << 20;

    private final Site site;
    private final ModelId id;
    private final Listing listing;
    private final int connections;
    private final Deque<Part> open = new ArrayDeque<>();
    private @Nullable Throwable failure; // no checked one
    private volatile boolean stopped;

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
            stop(workers, checkers);
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
                throw fetch.partial().unwritten(e);
            } catch (InterruptedException e) {
                return; // the download is over
            }
        }
    }

    private boolean isAsSaid(Fetch fetch) throws IOException, InterruptedException {
        PartialFile file = fetch.partial();
        ByteBuffer block = ByteBuffer.allocate(READ_AGAIN_BYTES);
        while (!file.advanceSum(TICK_MILLIS, block)) {
            refuseToGoOn();
        }
        return fetch.file().sum() == RepoFile.Sum.NONE
                || file.sum().equals(fetch.file().etag());
    }

    private synchronized void refuseToGoOn() {
        switch (failure) {
            case null -> {}
            case Error e -> throw e;
            case RuntimeException e -> throw e;
            case Throwable e -> throw new IllegalStateException(e);
        }
    }

    /** A worker that still waits for a silent server is left to itself: the files that it would write to are closed. */
    private void stop(List<Thread> workers, List<Thread> checkers) {
        synchronized (this) {
            stopped = true;
        }
        workers.forEach(Thread::interrupt);
        checkers.forEach(Thread::interrupt);
        boolean interrupted = false;
        for (Thread checker : checkers) {
            while (checker.isAlive()) {
                try {
                    checker.join();
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
                left(part.get());
            }
        });
    }

    /** The first that fails says why all stop. */
    private void guarded(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException | Error e) {
            synchronized (this) {
                if (failure == null && !stopped) {
                    failure = e;
                }
            }
        }
    }

    /** The first of the file that the fewest fetch: where each has one of its own, its bytes come in order, which its sum wants. */
    private synchronized Optional<Part> next() {
        if (failure != null || stopped) {
            return Optional.empty();
        }
        Optional<Part> next =
                open.stream().min(Comparator.comparingInt(p -> p.fetch().workers()));
        next.ifPresent(part -> {
            open.remove(part);
            part.fetch().joined();
        });
        return next;
    }

    private synchronized void left(Part part) {
        part.fetch().left();
    }

    private void fetch(Part part) {
        Patience patience = site.http().patience();
        long farthest = part.position();
        while (!part.isDone()) {
            if (part.fetch().isWhole()) {
                part.restart();
            }
            boolean piece = isPiece(part);
            Optional<Answer<Boolean>> answer = Optional.empty();
            IOException broken = new IOException("connection reset");
            try {
                answer = Optional.of(request(part, piece));
            } catch (IOException e) {
                broken = e;
            }
            if (stopped) {
                return;
            }
            if (part.position() > farthest) { // what comes once more, from the beginning, is no progress
                farthest = part.position();
                patience.reset();
            }
            if (answer.isPresent() && !mayGoOn(part, piece, answer.get())) {
                return;
            }
            if (!part.isDone() && !again(part, answer, patience)) {
                URI uri = site.address(listing, part.fetch().file());
                throw answer.isPresent() && answer.get().status() >= 300
                        ? site.refusalOfAny(id, part.fetch().file().path(), answer.get())
                        : Http.failed(uri, broken);
            }
        }
    }

    private boolean isOfHub(Answer<?> response) {
        return site.http().trusts(response.uri());
    }

    private boolean again(Part part, Optional<Answer<Boolean>> response, Patience patience) {
        if (response.isPresent() && Patience.isBusy(response.get().status())) {
            return patience.waitFor(response.get());
        }
        boolean refused = response.isPresent() && response.get().status() >= 300;
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
    private boolean mayGoOn(Part part, boolean piece, Answer<Boolean> response) {
        Fetch fetch = part.fetch();
        int status = response.status();
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
        Optional<String> length = response.headers()
                .firstValue("content-length")
                .filter(l -> LENGTH.matcher(l).matches());
        if (status == 200
                && length.isPresent()
                && Long.parseLong(length.get()) != fetch.file().size()) {
            throw changed(fetch, "its server has " + length.get());
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
    private Answer<Boolean> request(Part part, boolean piece) throws IOException {
        Fetch fetch = part.fetch();
        Map<String, String> headers =
                piece ? Map.of("Range", "bytes=" + part.position() + "-" + (part.end() - 1)) : Map.of();
        URI at = where(fetch, piece);
        for (int hop = 0; hop <= Http.MAX_REDIRECTS; hop++) {
            Answer<Boolean> answer = site.http().send("GET", at, headers, body(part, piece));
            Optional<URI> next = Http.target(at, answer);
            if (next.isEmpty()) {
                return answer;
            }
            at = next.get();
        }
        throw Http.redirectedTooOften(at);
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
            Answer<byte[]> response = site.http().head(address, Patience.TRIES);
            Optional<URI> elsewhere = Http.target(response.uri(), response);
            if (elsewhere.isEmpty() && response.status() != 200) {
                throw site.refusal(id, fetch.file().path(), response);
            }
            URI found = elsewhere.orElse(response.uri());
            fetch.located(found);
            return found;
        }
    }

    /** Only bytes that were asked for are written. */
    private Http.Body<Boolean> body(Part part, boolean piece) {
        return (status, headers, in) -> {
            String from = "bytes " + part.position() + "-";
            boolean asked = piece
                    ? status == 206
                            && headers.firstValue("content-range")
                                    .filter(r -> r.startsWith(from))
                                    .isPresent()
                    : status == 200;
            if (asked) {
                part.take(in, () -> stopped);
            }
            return asked;
        };
    }
}
