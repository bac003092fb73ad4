package dev.fovea.media;

import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** Frames that are there already. */
record FramesInMemory(List<Picture> pictures) implements Frames {
    FramesInMemory {
        pictures = List.copyOf(pictures);
    }

    @Override
    public int count() {
        return pictures.size();
    }

    @Override
    public int width() {
        return pictures.getFirst().width();
    }

    @Override
    public int height() {
        return pictures.getFirst().height();
    }

    @Override
    public <T> List<T> map(int[] indices, Function<Picture, T> use) {
        return Arrays.stream(indices).mapToObj(i -> use.apply(pictures.get(i))).toList();
    }
}
