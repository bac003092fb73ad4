package dev.fovea.io;

import dev.fovea.error.Quote;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The files of a model by their names, in a directory or still on a server. {@link Object#toString} names the model in messages. */
public interface ModelFiles {
    /** Sorted; those of folders end in a slash. */
    List<String> names();

    boolean has(String name);

    /**
     * The object in a file that is there.
     *
     * @throws dev.fovea.error.InputException where it cannot be read or is no JSON object
     */
    Map<String, @Nullable Object> json(String name);

    /** Of a directory. */
    static ModelFiles of(Path directory) {
        return new ModelFiles() {
            @Override
            public List<String> names() {
                return ModelDirectory.names(directory);
            }

            @Override
            public boolean has(String name) {
                return Files.isRegularFile(directory.resolve(name));
            }

            @Override
            public Map<String, @Nullable Object> json(String name) {
                return Json.parseObject(directory.resolve(name));
            }

            @Override
            public String toString() {
                return Quote.of(directory);
            }
        };
    }
}
