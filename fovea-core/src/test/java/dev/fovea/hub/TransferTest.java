package dev.fovea.hub;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What threads of a download do wrong, beside what servers and disks do ({@link PullFaultsTest}). */
class TransferTest {
    @TempDir
    Path folder;

    /** The caller gets it as it is, and does not wait for ever. */
    @Test
    void anErrorOfAThreadReachesTheCaller() throws IOException {
        Error error = new OutOfMemoryError("as a thread met it");
        Store store = (Store)
                Proxy.newProxyInstance(Store.class.getClassLoader(), new Class<?>[] {Store.class}, (_, method, _) -> {
                    throw method.getName().equals("place") ? error : new UnsupportedOperationException();
                });
        RepoFile file = new RepoFile("empty", 0, "", Optional.empty());
        Fetch fetch = new Fetch(file);
        fetch.opened(PartialFile.open(folder.resolve("empty.part"), 0, RepoFile.Sum.NONE)
                .orElseThrow());
        List<Fetch> fetches = List.of(fetch);
        Listing listing = Listing.of("org/model", "main", List.of(file));
        Site nowhere = null; // nothing is missing of an empty file
        Transfer transfer = new Transfer(nowhere, ModelId.of("org/model"), listing, 1);
        assertThatThrownBy(() -> transfer.run(fetches, store, new Meter("org/model", fetches, _ -> {})))
                .isSameAs(error);
    }
}
