package dev.fovea.hub;

import dev.fovea.error.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Takes the sums of a snapshot's files: of each by the name of its blob, else by the list of the commit's files. */
final class Verification {
    private final Store store;
    private final String commit;
    private final Path snapshot;

    Verification(Store store, String commit, Path snapshot) {
        this.store = store;
        this.commit = commit;
        this.snapshot = snapshot;
    }

    Map<String, Verdict> run(Consumer<String> listener) throws IOException {
        Map<String, Verdict> verdicts = new TreeMap<>();
        Optional<Listing> listing = store.listing(commit);
        for (Path file : CacheFolder.entries(snapshot)) {
            String path = snapshot.relativize(file).toString().replace('\\', '/');
            if (!path.endsWith(HubStore.PARTIAL)) {
                listener.accept(path);
                Verdict verdict = Files.isRegularFile(file)
                        ? verdict(file, etag(file, listing.map(l -> l.files().get(path))))
                        : Verdict.MISSING; // a link that leads nowhere
                verdicts.put(path, verdict);
            }
        }
        try {
            new Contents(store, commit, snapshot)
                    .missing()
                    .forEach(name -> verdicts.putIfAbsent(name, Verdict.MISSING));
        } catch (InputException e) {
            // No model that Fovea reads: what is needed of it is not known.
            return verdicts;
        }
        return verdicts;
    }

    private static String etag(Path file, Optional<RepoFile> listed) throws IOException {
        if (listed.isPresent() && listed.get().isDescribed()) {
            return listed.get().etag();
        }
        return Files.isSymbolicLink(file)
                ? file.resolveSibling(Files.readSymbolicLink(file))
                        .getFileName()
                        .toString()
                : "";
    }

    private static Verdict verdict(Path file, String etag) throws IOException {
        RepoFile.Sum sum = RepoFile.Sum.named(etag);
        if (sum == RepoFile.Sum.NONE) {
            return Verdict.UNKNOWN;
        }
        return sum.of(file).equals(etag) ? Verdict.SOUND : Verdict.DAMAGED;
    }
}
