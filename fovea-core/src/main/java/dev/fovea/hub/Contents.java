package dev.fovea.hub;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.ModelFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a snapshot has, and has not, of the files that its model is opened from. */
final class Contents {
    private final Store store;
    private final String commit;
    private final Path snapshot;
    private final ModelFiles here;

    Contents(Store store, String commit, Path snapshot) {
        this.store = store;
        this.commit = commit;
        this.snapshot = snapshot;
        this.here = ModelFiles.of(snapshot);
    }

    /** Whether a model can be opened. */
    boolean isWhole() throws IOException {
        try {
            return missing().isEmpty();
        } catch (InputException e) {
            return false; // what is wrong with it is said when it is fetched or opened
        }
    }

    /** Whether all files of its processor are here, by the list of its files. */
    boolean hasProcessor() throws IOException {
        Optional<Listing> listing = store.listing(commit);
        return here.has(NeededFiles.CONFIG)
                && listing.isPresent()
                && lacking(
                                listing.get(),
                                NeededFiles.small(listing.get().paths()).toList())
                        .isEmpty();
    }

    /** The first that is missing, or what is wrong, for a message. */
    String lack() throws IOException {
        try {
            return missing().stream()
                    .findFirst()
                    .map(name -> Quote.of(name) + " is missing")
                    .orElse("");
        } catch (InputException e) {
            return e.problem();
        }
    }

    /**
     * The needed files that are not here, by the list of the model's files or, without one, by what its weights need. An index that is
     * not here stands for its shards.
     *
     * @throws InputException where the files show that Fovea would not read the model
     */
    List<String> missing() throws IOException {
        Optional<Listing> known = store.listing(commit);
        if (known.isEmpty()) {
            return ModelDirectory.weightNames(here).stream()
                    .filter(name -> !Files.isRegularFile(snapshot.resolve(name)))
                    .toList();
        }
        Listing listing = known.get();
        ModelFiles listed = new ListedFiles(listing, here::json, here.toString());
        List<String> missing =
                lacking(listing, NeededFiles.small(listing.paths()).toList());
        Optional<String> unread = ModelDirectory.weightIndex(listed).filter(index -> !here.has(index));
        if (unread.isPresent()) {
            List<String> all = new ArrayList<>(missing);
            all.add(unread.get());
            return all;
        }
        return missing.contains(NeededFiles.CONFIG)
                ? missing
                : lacking(listing, NeededFiles.of(listing.paths(), listed));
    }

    private List<String> lacking(Listing listing, List<String> names) throws IOException {
        List<String> lacking = new ArrayList<>();
        for (RepoFile file : listing.all(names)) {
            if (!store.has(listing, file)) {
                lacking.add(file.path());
            }
        }
        return lacking;
    }
}
