package dev.fovea.hub;

import dev.fovea.error.InputException;
import dev.fovea.error.NetworkException;
import dev.fovea.error.Quote;
import dev.fovea.io.Json;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.ModelFiles;
import dev.fovea.io.WeightFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Finds a model by name in the cache, and fetches what is missing. */
public final class Puller {
    private final PullOptions options;
    private final Consumer<ModelFiles> check;
    private final ModelId id;
    private final Store store;
    private final Wanted wanted;

    private enum Wanted {
        ALL,
        /** Of weights the headers, where those say their shapes. */
        OUTLINE,
        PROCESSOR
    }

    private Puller(ModelId id, PullOptions options, Consumer<ModelFiles> check, Wanted wanted) {
        this.id = id;
        this.options = options;
        this.check = check;
        this.store = CacheFolder.store(id, options);
        this.wanted = wanted;
    }

    /**
     * The directory of a model. Of a branch or tag the hub is asked once whether it is still what it was; of a commit of which all
     * that is wanted is here, and offline, nobody is asked anything.
     *
     * @param check refuses a model by its small files, before anything large is fetched
     * @throws InputException where there is no such model, it is not for this user, or is none that Fovea reads
     * @throws NetworkException where something is missing and cannot be fetched
     */
    public static Path pull(ModelId id, PullOptions options, Consumer<ModelFiles> check) {
        return new Puller(id, options, check, options.weights ? Wanted.ALL : Wanted.PROCESSOR)
                .pulled()
                .directory();
    }

    /**
     * The same with the headers of its weights, where they are not here and those alone will do; they are fetched at each call. Offline,
     * a part of a model is refused.
     */
    public static Outline outline(ModelId id, PullOptions options, Consumer<ModelFiles> check) {
        return new Puller(id, options, check, Wanted.OUTLINE).pulled();
    }

    private Outline pulled() {
        try {
            return pull();
        } catch (IOException e) {
            throw InputException.cannot("write", store.folder(), e);
        }
    }

    private Outline pull() throws IOException {
        Optional<String> commit = id.isPinned()
                ? id.revision()
                : store.commit(id.revisionOrDefault()).or(id::revision);
        Optional<Path> here =
                commit.filter(Puller::isFolderName).map(store::snapshot).filter(Files::isDirectory);
        Optional<Contents> contents = here.map(snapshot -> new Contents(store, commit.orElseThrow(), snapshot));
        boolean whole = contents.isPresent() && contents.get().isWhole();
        boolean enough = whole
                || wanted == Wanted.PROCESSOR
                        && contents.isPresent()
                        && contents.get().hasProcessor();
        if (id.isPinned() && enough) {
            return view(here.orElseThrow());
        }
        Optional<String> offline = options.environment.offline();
        if (offline.isPresent()) {
            Path snapshot = here.orElseThrow(() -> refusal("the cache does not hold " + id, offline.get(), "it"));
            if (!enough) {
                refusePart(contents.orElseThrow().lack(), offline.get());
            }
            return view(snapshot);
        }
        if (id.name().indexOf('/') < 0) {
            return view(here.orElseThrow(() -> new InputException("there is no directory " + Quote.of(id)
                    + ", and it is no hub id either; expected org/name[@revision]")));
        }
        Site site = site();
        try {
            Listing listing = site.list(id, enough ? 1 : Patience.TRIES);
            return fetched(site, listing, wanted == Wanted.ALL || whole);
        } catch (NetworkException e) {
            if (!enough) {
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

    private Outline view(Path snapshot) {
        return view(snapshot, List.of());
    }

    private Outline view(Path snapshot, List<WeightFile> weights) {
        Path markers = snapshot.resolve("../../.no_exist").normalize().resolve(snapshot.getFileName());
        return new Outline(Markers.hide(snapshot, markers, options.warnings), weights);
    }

    /** Refuses a part of a model, or warns where that may do. */
    private void refusePart(String lack, String variable) {
        InputException refusal =
                refusal("not all that " + id + " is opened from is in the cache", variable, "the rest: " + lack);
        if (wanted != Wanted.PROCESSOR) {
            throw refusal;
        }
        options.warnings.warn(refusal.problem());
    }

    private InputException refusal(String problem, String variable, String what) {
        return new InputException(
                problem + " (" + Quote.of(store.folder()) + "), and " + variable + " forbids to fetch " + what,
                "unset " + variable + " and try again, or name a directory");
    }

    // ------------------------------------------------------------------------------------------------ what is fetched

    /** @param whole whether all is wanted, or was here: what is whole stays so */
    private Outline fetched(Site site, Listing found, boolean whole) throws IOException {
        if (!found.name().equals(id.name())) {
            options.warnings.warn(id.name() + " is called " + Quote.of(found.name()) + " now");
        }
        Map<String, Map<String, @Nullable Object>> read = new HashMap<>();
        ModelFiles files =
                new ListedFiles(found, name -> read.computeIfAbsent(name, n -> json(site, found, n)), id.toString());
        boolean weights = whole || wanted == Wanted.OUTLINE && !ModelDirectory.hasOutline(files);
        List<String> needed =
                weights ? NeededFiles.of(found.paths(), files) : NeededFiles.ofProcessor(found.paths(), files);
        check.accept(files);
        Listing listing = site.describe(id, found, needed);
        boolean changed = new Fetching(id, site, store, listing, options).run(listing.all(needed));
        if (changed || Files.isWritable(store.folder())) {
            store.complete(known(listing, needed), id.revisionOrDefault(), NeededFiles.absent(files));
        }
        Path snapshot = store.snapshot(listing.commit());
        boolean outlined = wanted == Wanted.OUTLINE && !weights;
        return view(
                snapshot,
                outlined
                        ? new WeightHeaders(id, site, listing).of(ModelDirectory.weightNames(files), snapshot)
                        : List.of());
    }

    /** With what was known of the files that nobody wanted now: one that is here from before, of a branch that has changed, is not new. */
    private Listing known(Listing listing, List<String> wanted) throws IOException {
        Set<String> others = new HashSet<>(listing.paths());
        wanted.forEach(others::remove);
        return listing.with(store.listing(listing.commit())
                .map(before -> before.all(others))
                .orElse(List.of()));
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
}
