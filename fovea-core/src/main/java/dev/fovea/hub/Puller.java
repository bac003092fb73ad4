package dev.fovea.hub;

import dev.fovea.error.InputException;
import dev.fovea.error.NetworkException;
import dev.fovea.error.Quote;
import dev.fovea.io.Json;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.ModelFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Finds a model by name in the cache, and fetches what is missing. */
public final class Puller {
    private final PullOptions options;
    private final Consumer<ModelFiles> check;
    private final ModelId id;
    private final Store store;

    private Puller(ModelId id, PullOptions options, Consumer<ModelFiles> check) {
        this.id = id;
        this.options = options;
        this.check = check;
        this.store = CacheFolder.store(id, options);
    }

    /**
     * The directory of a model. Of a branch or tag the hub is asked once whether it is still what it was; of a commit that is here whole,
     * and offline, nobody is asked anything.
     *
     * @param check refuses a model by its small files, before anything large is fetched
     * @throws InputException where there is no such model, it is not for this user, or is none that Fovea reads
     * @throws NetworkException where something is missing and cannot be fetched
     */
    public static Path pull(ModelId id, PullOptions options, Consumer<ModelFiles> check) {
        Puller puller = new Puller(id, options, check);
        try {
            return puller.pull();
        } catch (IOException e) {
            throw InputException.cannot("write", puller.store.folder(), e);
        }
    }

    private Path pull() throws IOException {
        Optional<String> commit = id.isPinned()
                ? id.revision()
                : store.commit(id.revisionOrDefault()).or(id::revision);
        Optional<Path> here =
                commit.filter(Puller::isFolderName).map(store::snapshot).filter(Files::isDirectory);
        boolean whole = here.isPresent() && isWhole(commit.orElseThrow(), here.get());
        if (id.isPinned() && whole) {
            return view(here.orElseThrow());
        }
        Optional<String> offline = options.environment.offline();
        if (offline.isPresent()) {
            Path snapshot = here.orElseThrow(() -> refusal("the cache does not hold " + id, offline.get(), "it"));
            if (!whole) {
                refusePart(commit.orElseThrow(), snapshot, offline.get());
            }
            return view(snapshot);
        }
        if (id.name().indexOf('/') < 0) {
            return view(here.orElseThrow(() -> new InputException("there is no directory " + Quote.of(id)
                    + ", and it is no hub id either; expected org/name[@revision]")));
        }
        Site site = site();
        try {
            Listing listing = site.list(id, whole ? 1 : Patience.TRIES);
            return view(fetched(site, listing));
        } catch (NetworkException e) {
            if (!whole) {
                throw e;
            }
            options.warnings.warn("whether " + id + " has changed is not known; what is here is used: " + e.problem());
            return view(here.orElseThrow());
        }
    }

    private Site site() {
        return id.site() == ModelId.Publisher.HUGGING_FACE
                ? new HuggingFace(options.environment, options.token.or(options.environment::token), options.firstWait)
                : new ModelScope(
                        options.environment, options.token.or(options.environment::modelScopeToken), options.firstWait);
    }

    private static boolean isFolderName(String commit) {
        return !commit.isEmpty() && commit.indexOf('/') < 0 && !commit.matches("\\.+");
    }

    private Path view(Path snapshot) {
        Path markers = snapshot.resolve("../../.no_exist").normalize().resolve(snapshot.getFileName());
        return Markers.hide(snapshot, markers, options.warnings);
    }

    /** Refuses a part of a model, or warns where that may do. */
    private void refusePart(String commit, Path snapshot, String variable) throws IOException {
        InputException refusal = refusal(
                "not all that " + id + " is opened from is in the cache",
                variable,
                "the rest: " + lack(commit, snapshot));
        if (!options.partial) {
            throw refusal;
        }
        options.warnings.warn(refusal.problem());
    }

    private String lack(String commit, Path snapshot) throws IOException {
        try {
            return missing(commit, snapshot)
                    .map(name -> Quote.of(name) + " is missing")
                    .orElse("");
        } catch (InputException e) {
            return e.problem();
        }
    }

    private InputException refusal(String problem, String variable, String what) {
        return new InputException(
                problem + " (" + Quote.of(store.folder()) + "), and " + variable + " forbids to fetch " + what,
                "unset " + variable + " and try again, or name a directory");
    }

    // ------------------------------------------------------------------------------------------------- what is here

    private boolean isWhole(String commit, Path snapshot) throws IOException {
        try {
            return missing(commit, snapshot).isEmpty();
        } catch (InputException e) {
            return false; // what is wrong with it is said when it is fetched or opened
        }
    }

    /**
     * The first file that a model is opened from and its snapshot has not, by the list of its files or, without one, by what its
     * weights need.
     */
    private Optional<String> missing(String commit, Path snapshot) throws IOException {
        Optional<Listing> listing = store.listing(commit);
        if (listing.isEmpty()) {
            return ModelDirectory.weightNames(ModelFiles.of(snapshot)).stream()
                    .filter(name -> !Files.isRegularFile(snapshot.resolve(name)))
                    .findFirst();
        }
        for (RepoFile file : listing.get().all(needed(listing.get(), ModelFiles.of(snapshot)))) {
            if (!store.has(listing.get(), file)) {
                return Optional.of(file.path());
            }
        }
        return Optional.empty();
    }

    private static List<String> needed(Listing listing, ModelFiles files) {
        return NeededFiles.of(listing.paths(), new Listed(listing, files::json, ""));
    }

    // ------------------------------------------------------------------------------------------------ what is fetched

    private Path fetched(Site site, Listing found) throws IOException {
        if (!found.name().equals(id.name())) {
            options.warnings.warn(id.name() + " is called " + Quote.of(found.name()) + " now");
        }
        ModelFiles files = new Listed(found, name -> json(site, found, name), id.toString());
        List<String> needed = NeededFiles.of(found.paths(), files);
        check.accept(files);
        Listing listing = site.describe(id, found, needed);
        boolean changed = new Fetching(id, site, store, listing, options).run(listing.all(needed));
        if (changed || Files.isWritable(store.folder())) {
            store.complete(listing, id.revisionOrDefault(), NeededFiles.absent(files));
        }
        return store.snapshot(listing.commit());
    }

    private Map<String, @Nullable Object> json(Site site, Listing listing, String name) {
        RepoFile file = listing.all(List.of(name)).getFirst();
        Path place = store.snapshot(listing.commit()).resolve(name);
        if (Files.isRegularFile(place)) {
            return Json.parseObject(place);
        }
        Answer<byte[]> response = site.http().get(site.address(listing, file), Patience.TRIES);
        if (response.status() != 200) {
            throw site.refusal(id, name, response);
        }
        String what = id + "/" + name;
        return Json.object(Json.parse(new String(response.body(), StandardCharsets.UTF_8), what), what);
    }

    /** A listing as the files of a model. */
    private record Listed(Listing listing, Reader reader, String name) implements ModelFiles {
        interface Reader {
            Map<String, @Nullable Object> json(String name);
        }

        /** Files of folders by the folder alone, as a directory lists them. */
        @Override
        public List<String> names() {
            return listing.paths().stream()
                    .map(path -> path.replaceFirst("/.*", "/"))
                    .flatMap(Stream::of)
                    .distinct()
                    .sorted()
                    .toList();
        }

        @Override
        public boolean has(String file) {
            return listing.files().containsKey(file);
        }

        @Override
        public Map<String, @Nullable Object> json(String file) {
            return reader.json(file);
        }

        @Override
        public String toString() {
            return name;
        }
    }
}
