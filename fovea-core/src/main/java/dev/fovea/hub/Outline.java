package dev.fovea.hub;

import dev.fovea.io.WeightFile;
import java.nio.file.Path;
import java.util.List;

/**
 * A model as far as its shapes need it.
 *
 * @param directory with the small files, where a pull puts the rest
 * @param weights without data, in the order in which they are loaded; none where the directory has them
 */
public record Outline(Path directory, List<WeightFile> weights) {
    public Outline {
        weights = List.copyOf(weights);
    }
}
