package dev.fovea.hub;

import dev.fovea.io.ModelFiles;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A listing as the files of a model. */
record ListedFiles(Listing listing, Reader reader, String name) implements ModelFiles {
    interface Reader {
        Map<String, @Nullable Object> json(String name);
    }

    /** Files of folders by the folder alone, as a directory lists them. */
    @Override
    public List<String> names() {
        return listing.paths().stream()
                .map(path -> path.replaceFirst("/.*", "/"))
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
