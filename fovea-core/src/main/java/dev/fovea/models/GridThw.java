package dev.fovea.models;

/**
 * The patches of a picture or clip: temporal patches, rows, columns. transformers' image_grid_thw, one row of it.
 */
public record GridThw(int t, int h, int w) {
    /** Number of patches. */
    public int patches() {
        return t * h * w;
    }

    /** Rows that reach the language model when squares of mergeSize x mergeSize patches become one. */
    public int tokens(int mergeSize) {
        return patches() / (mergeSize * mergeSize);
    }
}
