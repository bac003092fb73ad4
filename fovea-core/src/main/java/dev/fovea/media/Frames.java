package dev.fovea.media;

import java.util.List;
import java.util.function.Function;

/** The frames of a clip, all of one size, in memory or read when they are wanted. */
public interface Frames {
    int count();

    /** Pixels in a row of each frame, as it is shown. */
    int width();

    /** Rows of each frame. */
    int height();

    /**
     * What is made of some of the frames, in the order of the indices. Frames of a file are read for it, one after another, and not
     * kept.
     *
     * @param indices from 0 to {@link #count}, which is not among them
     * @param use called by one thread at a time
     * @throws dev.fovea.error.InputException where the clip's file is damaged
     */
    <T> List<T> map(int[] indices, Function<Picture, T> use);
}
